"""The counting table: from buckets that go out to cash that two people agree upon.

``tables``, ``seats``, ``hand_in``, ``settling`` and ``gifts`` write; ``blind`` reads for counters,
and never a figure before it is agreed; ``board`` reads for treasurers, and neither does that.
"""
