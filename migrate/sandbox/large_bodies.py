"""Bodies of any size, a piece at a time: blanks before the JSON, plain or compressed to next to nothing."""

import struct
import zlib
from collections.abc import Iterator

_PIECE = b" " * (1 << 20)
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def padded(body: bytes, blanks: int) -> Iterator[bytes]:
    """Yield so many blanks, then the body."""
    whole, rest = divmod(blanks, len(_PIECE))
    for _ in range(whole):
        yield _PIECE
    yield b" " * rest + body


def compressed(body: bytes, blanks: int) -> Iterator[bytes]:
    """Yield the same as one gzip stream.

    A full flush ends a piece so that its compressed form can be repeated: three gigabytes cost the time of their
    checksum.
    """
    yield _GZIP_HEAD
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    piece = packer.compress(_PIECE) + packer.flush(zlib.Z_FULL_FLUSH)
    whole, rest = divmod(blanks, len(_PIECE))
    check = 0
    for _ in range(whole):
        check = zlib.crc32(_PIECE, check)
        yield piece
    last = b" " * rest + body
    check = zlib.crc32(last, check)
    ending = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    yield ending.compress(last) + ending.flush()
    yield struct.pack("<II", check, (blanks + len(body)) & 0xFFFFFFFF)
