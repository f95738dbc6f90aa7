"""Bitcoin's proof-of-work arithmetic on hashlib and Python integers only.

It shares no code with ebb, so that an error in one cannot hide the same error in the other.
"""

import hashlib
import struct
from fractions import Fraction

DIFFICULTY_1 = 0xFFFF << 208
MAX_TARGET = (1 << 256) - 1


def sha256d(data):
    """Double SHA-256, the raw digest."""
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def target_from_difficulty(difficulty):
    """floor(0xFFFF * 2^208 / d) of the exact value of the double, saturating at 2^256 - 1."""
    exact = Fraction(difficulty)
    return min(DIFFICULTY_1 * exact.denominator // exact.numerator, MAX_TARGET)


def target_from_compact(bits):
    """The 256-bit target that nBits stands for (only positive ones occur here)."""
    exponent, mantissa = bits >> 24, bits & 0x7FFFFF
    return mantissa << (8 * (exponent - 3)) if exponent > 3 else mantissa >> (8 * (3 - exponent))


def compact_from_target(target):
    """nBits of the largest representable target that is not above `target`."""
    size = (target.bit_length() + 7) // 8
    mantissa = target >> (8 * (size - 3)) if size > 3 else target << (8 * (3 - size))
    if mantissa & 0x800000:
        mantissa, size = mantissa >> 8, size + 1
    return size << 24 | mantissa


def difficulty_of(hash_value):
    """The difficulty that a hash (as an integer) would just meet."""
    return DIFFICULTY_1 / max(hash_value, 1)


def work_of(target):
    """How many hashes one hit at this target stands for, on average."""
    return (1 << 256) / (target + 1)


def wire_prevhash(prev_hash):
    """Header order to Stratum's form: the bytes inside each 32-bit word are reversed."""
    return b"".join(prev_hash[i:i + 4][::-1] for i in range(0, 32, 4)).hex()


def merkle_root(coinbase_hash, branch):
    """The coinbase is always the left child; every digest is used raw."""
    root = coinbase_hash
    for sibling in branch:
        root = sha256d(root + sibling)
    return root


def pack_header(version, prev_hash, root, ntime, nbits, nonce):
    """The 80 bytes that are hashed."""
    return struct.pack("<I32s32sIII", version, prev_hash, root, ntime, nbits, nonce)


def hash_value(header):
    """The header's hash as the integer that is compared with a target."""
    return int.from_bytes(sha256d(header), "little")


def varint(n):
    """CompactSize."""
    if n < 0xFD:
        return bytes([n])
    return b"\xfd" + struct.pack("<H", n) if n <= 0xFFFF else b"\xfe" + struct.pack("<I", n)
