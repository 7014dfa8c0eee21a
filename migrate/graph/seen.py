"""Remember which ids came already, a million of them in half the memory of an ordinary set."""

from __future__ import annotations

from array import array

_FIRST_SIZE = 1024
_FULLEST = 0.6
_HALF = (1 << 64) - 1


class SeenIds:
    """A set of ids that only grows. GUIDs lie in an open-addressing table; whatever else comes, in an ordinary set."""

    def __init__(self) -> None:
        self._others: set[str] = set()
        self._count = 0
        self._clear(_FIRST_SIZE)

    def __len__(self) -> int:
        """Return how many ids are remembered."""
        return self._count + len(self._others)

    def add(self, id_: str) -> bool:
        """Remember `id_` (lower case) and tell whether it is new."""
        guid = _guid(id_)
        if not guid:
            is_new = id_ not in self._others
            self._others.add(id_)
            return is_new
        if not self._put(guid >> 64, guid & _HALF):
            return False
        self._count += 1
        if self._count > _FULLEST * len(self._high):
            self._grow()
        return True

    def _put(self, high: int, low: int) -> bool:
        mask = len(self._high) - 1
        # Object ids are random for the most part; mixing both halves keeps consecutive ones apart too.
        slot = (high * 0x9E3779B97F4A7C15 ^ low * 0xC2B2AE3D27D4EB4F) >> 17 & mask
        while True:
            found_high, found_low = self._high[slot], self._low[slot]
            if found_high == high and found_low == low:
                return False
            if not found_high and not found_low:
                self._high[slot], self._low[slot] = high, low
                return True
            slot = slot + 1 & mask

    def _grow(self) -> None:
        old = zip(self._high, self._low, strict=True)
        self._clear(2 * len(self._high))
        for high, low in old:
            if high or low:
                self._put(high, low)

    def _clear(self, size: int) -> None:
        self._high, self._low = array("Q", bytes(8 * size)), array("Q", bytes(8 * size))


def _guid(id_: str) -> int | None:
    """Return a GUID in its one usual spelling as a number; None for every other text, and 0 for the empty GUID."""
    if len(id_) != 36 or id_[8] != "-" or id_[13] != "-" or id_[18] != "-" or id_[23] != "-":
        return None
    try:
        raw = bytes.fromhex(id_.replace("-", ""))
    except ValueError:
        return None
    # fromhex passes over blanks and takes capitals, and two spellings must not become one id.
    if len(raw) != 16 or id_ != id_.lower():
        return None
    return int.from_bytes(raw, "big")
