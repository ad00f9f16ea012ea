"""The shield: keeps those out who try stolen cards on our form, and costs donors a sum at most.

Nothing is limited by network address: a hall of three hundred shares one. What is counted is
counted in PostgreSQL, so that all processes know it and it works without Redis.

``judging`` decides about one sent form; ``watch`` sees an attack and turns the check on and off;
``challenge`` is the check; ``passes`` the way for those who cannot do it; ``switch`` lets a person
pause cards; ``ending`` ends Checkouts that nobody should pay any more; ``telling`` writes to
the operators.
"""
