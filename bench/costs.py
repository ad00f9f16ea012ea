"""What processes cost: CPU time to the nanosecond, memory, and what the kernel holds for TCP."""

from pathlib import Path
from typing import Final

_PAGE_BYTES: Final = 4096


def cpu_seconds(*pids: int) -> float:
    """CPU seconds of all threads that these processes have now."""
    return (
        sum(
            int(stat.read_text().split(maxsplit=1)[0])
            for pid in pids
            for stat in Path(f"/proc/{pid}/task").glob("*/schedstat")
        )
        / 1e9
    )


def resident_bytes(*pids: int) -> int:
    """Memory that these processes hold."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES for pid in pids)


def socket_bytes() -> int:
    """Memory that the kernel holds for TCP: for both ends here, so for ours and the viewers'."""
    lines = Path("/proc/net/sockstat").read_text().splitlines()
    words = next(line.split() for line in lines if line.startswith("TCP:"))
    return int(words[words.index("mem") + 1]) * _PAGE_BYTES
