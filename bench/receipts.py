"""What viewers received: which reading, when, and whether its figure was right."""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from itertools import pairwise
from typing import Any, Final

_READING: Final = b"event: reading\n"
_EVENT: Final = b"event: "
_ID: Final = b"\nid: "
_RAISED: Final = b'"raised":{"amount":"'


class Receipts:
    """Kept by pair of readings: of all who went from one to the next, the moments.

    There are few pairs and many receipts, so that a receipt costs a look-up and eight bytes.
    """

    def __init__(self) -> None:
        self._moments: dict[tuple[int, int], array[float]] = {}
        self._raised: dict[int, bytes] = {}
        self._epochs: set[bytes] = set()
        self._lower = 0
        self._wrong = 0
        self._frames = 0

    def forget(self) -> None:
        """Begin anew; what each reading's figure was stays known."""
        self._moments.clear()
        self._frames = self._lower = self._wrong = 0

    def take(self, data: bytes, sequence: int, now: float) -> int:
        """Note whole frames that a viewer received, who stood at ``sequence``; where it stands.

        Only the newest of them is looked at: it is what the page shows.
        """
        at = data.rfind(_READING)
        if at < 0:
            return sequence  # a heartbeat
        self._frames += data.count(_EVENT)
        begins = data.index(_ID, at) + len(_ID)
        epoch, _, number = data[begins : data.index(b"\n", begins)].partition(b"-")
        newest = int(number)
        begins = data.index(_RAISED, begins) + len(_RAISED)
        raised = data[begins : data.index(b'"', begins)]
        if newest < sequence:
            self._lower += 1
        if self._raised.setdefault(newest, raised) != raised:
            self._wrong += 1
        self._epochs.add(epoch)
        moments = self._moments.get((sequence, newest))
        if moments is None:
            moments = self._moments[sequence, newest] = array("d")
        moments.append(now)
        return newest

    def tell(self, announced: list[tuple[int, float]]) -> dict[str, Any]:
        """What was received of the updates, each a sequence and the moment it was announced.

        Whoever went past an update with a newer reading has received it then. ``last_seconds``
        holds the last receipt of each update; ``receipts`` how many came after how many ms.
        """
        sequences = [sequence for sequence, _ in announced]
        last = [0.0] * len(announced)
        receipts: Counter[int] = Counter()
        for (before, newest), moments in self._moments.items():
            for place in range(bisect_right(sequences, before), bisect_right(sequences, newest)):
                at = announced[place][1]
                last[place] = max(last[place], moments[-1] - at)
                receipts.update(int((moment - at) * 1000) for moment in moments)
        return {
            "last_seconds": last,
            "receipts": dict(receipts),
            "frames": self._frames,
            "lower": self._lower,
            "wrong": self._wrong + self._count_untrue(announced),
            "epochs": len(self._epochs),
        }

    def _count_untrue(self, announced: list[tuple[int, float]]) -> int:
        """Figures that do not rise as the readings do."""
        if not announced:
            return 0
        first = announced[0][0]
        shown = sorted(self._raised.items())
        later = shown[bisect_left(shown, (first, b"")) :]
        amounts = [float(amount) for _, amount in later]
        return sum(one > other for one, other in pairwise(amounts))
