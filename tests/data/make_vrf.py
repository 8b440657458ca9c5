#!/usr/bin/env python3
"""Writes vrf.json beside this file. Needs nothing but Python 3; takes a second.

ristretto255 from RFC 9496 and ECVRF from RFC 9381, with Python's integers, slow and by
the letter; only SHA-512 comes from hashlib. Keys and inputs are hashes of their numbers,
so that the same file is written again. Before that, the numbers are checked against the
constants' equations, the small multiples of the base point in RFC 9496 (A.1) and the
vector of C2SP vrf-r255.
"""
import hashlib
import json
import pathlib

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

# RFC 9496 section 4.1. The signs are its choice, the values follow from p and d.
SQRT_M1 = 19681161376707505956807079304988542015446066515923890162744021073123829784752
SQRT_AD_MINUS_ONE = (
    25063068953384623474111414158702152701244531502492656460079210482610430750235)
INVSQRT_A_MINUS_D = (
    54469307008909316920995813868745141605393597292927456921205312896311721017578)
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) ** 2 % P
assert SQRT_M1**2 % P == P - 1
assert SQRT_AD_MINUS_ONE**2 % P == (-D - 1) % P
assert INVSQRT_A_MINUS_D**2 * (-1 - D) % P == 1


def is_negative(x):
    return x % P % 2 == 1


def absolute(x):
    return -x % P if is_negative(x) else x % P


def sqrt_ratio(u, v):
    """Section 4.2: (was u/v a square, the nonnegative root of u/v or of i u/v)."""
    r = u * v**3 * pow(u * v**7, (P - 5) // 8, P) % P
    check = v * r * r % P
    correct = check == u % P
    flipped = check == -u % P
    flipped_i = check == -u * SQRT_M1 % P
    if flipped or flipped_i:
        r = r * SQRT_M1 % P
    return correct or flipped, absolute(r)


class Element:
    """Extended coordinates of a representative on edwards25519."""

    def __init__(self, x, y, z, t):
        self.x, self.y, self.z, self.t = x % P, y % P, z % P, t % P

    def __add__(self, other):  # RFC 8032 section 5.1.4
        a = (self.y - self.x) * (other.y - other.x)
        b = (self.y + self.x) * (other.y + other.x)
        c = 2 * D * self.t * other.t
        d = 2 * self.z * other.z
        e, f, g, h = b - a, d - c, d + c, b + a
        return Element(e * f, g * h, f * g, e * h)

    def __neg__(self):
        return Element(-self.x, self.y, self.z, -self.t)

    def __sub__(self, other):
        return self + -other

    def __rmul__(self, scalar):
        result, power = Element(0, 1, 1, 0), self
        while scalar:
            if scalar & 1:
                result = result + power
            power, scalar = power + power, scalar >> 1
        return result

    def encode(self):  # section 4.3.2
        x0, y0, z0, t0 = self.x, self.y, self.z, self.t
        u1 = (z0 + y0) * (z0 - y0) % P
        u2 = x0 * y0 % P
        _, invsqrt = sqrt_ratio(1, u1 * u2 * u2)
        den1, den2 = invsqrt * u1 % P, invsqrt * u2 % P
        z_inv = den1 * den2 * t0 % P
        if is_negative(t0 * z_inv):
            x, y = y0 * SQRT_M1 % P, x0 * SQRT_M1 % P
            den_inv = den1 * INVSQRT_A_MINUS_D % P
        else:
            x, y, den_inv = x0, y0, den2
        if is_negative(x * z_inv):
            y = -y
        return absolute(den_inv * (z0 - y)).to_bytes(32, "little")


def why_no_element(data):
    """Why RFC 9496 section 4.3.1 refuses to decode the bytes, or None."""
    s = int.from_bytes(data, "little")
    if s >= P:
        return "not canonical"
    if is_negative(s):
        return "negative"
    u1, u2 = (1 - s * s) % P, (1 + s * s) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    was_square, invsqrt = sqrt_ratio(1, v * u2 * u2)
    den_x = invsqrt * u2 % P
    x, y = absolute(2 * s * den_x), u1 * invsqrt * den_x * v % P
    if not was_square:
        return "not a square"
    if is_negative(x * y):
        return "negative t"
    if y == 0:
        return "y is zero"
    return None


def one_way_map(data):  # section 4.3.4
    def map_to_element(t):
        r = SQRT_M1 * t * t % P
        u = (r + 1) * ONE_MINUS_D_SQ % P
        v = (-1 - r * D) * (r + D) % P
        was_square, s = sqrt_ratio(u, v)
        c = -1
        if not was_square:
            s, c = -absolute(s * t) % P, r
        n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
        w0, w1 = 2 * s * v, n * SQRT_AD_MINUS_ONE
        w2, w3 = 1 - s * s, 1 + s * s
        return Element(w0 * w3, w2 * w1, w1 * w3, w0 * w2)

    halves = [int.from_bytes(data[i:i + 32], "little") % 2**255 % P for i in (0, 32)]
    return map_to_element(halves[0]) + map_to_element(halves[1])


def base():
    y = 4 * pow(5, -1, P) % P  # RFC 8032 section 5.1
    _, x = sqrt_ratio(y * y - 1, D * y * y + 1)
    return Element(x, y, 1, x * y)


B = base()
SUITE = b"\xffc2sp.org/vrf-r255"


def suite_hash(*parts):
    return hashlib.sha512(SUITE + b"".join(parts)).digest()


def scalar_bytes(x):
    return x.to_bytes(32, "little")


def prove(x, alpha):
    """RFC 9381 section 5.1: (public key, H, pi, beta), encoded."""
    public_key = (x * B).encode()
    h = one_way_map(suite_hash(b"\x82", public_key, alpha))
    gamma = x * h
    k = int.from_bytes(suite_hash(b"\x81", scalar_bytes(x), h.encode()), "little") % Q
    points = [public_key, h.encode(), gamma.encode(), (k * B).encode(), (k * h).encode()]
    c = suite_hash(b"\x02", *points, b"\x00")[:16]
    s = (k + int.from_bytes(c, "little") * x) % Q
    beta = suite_hash(b"\x03", gamma.encode(), b"\x00")
    # As a verifier sees it.
    y, c_number = x * B, int.from_bytes(c, "little")
    assert (s * B - c_number * y).encode() == points[3]
    assert (s * h - c_number * gamma).encode() == points[4]
    return public_key, h.encode(), gamma.encode() + c + scalar_bytes(s), beta


def check_against_others():
    assert why_no_element(bytes(32)) is None and (0 * B).encode() == bytes(32)
    assert B.encode().hex() == (
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
    assert (2 * B).encode().hex() == (
        "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919")
    assert (Q * B).encode() == bytes(32)
    x = int.from_bytes(bytes.fromhex(
        "3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500"), "little")
    public_key, h, pi, beta = prove(x, b"c2sp.org/vrf-r255")
    assert public_key.hex() == (
        "54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e")
    assert h.hex() == "f245308737c2a888ba56448c8cdbce9d063b57b147e063ce36c580194ef31a63"
    assert pi.hex() == (
        "0a97d961262fb549b4175c5117860f42ae44a123f93c476c439eddd1c0cff9265c805525233e2284"
        "dbed45e593b8eea31d5ca9734d72bcbba9738d5237f955f3b2422351149d1312503b6441a47c940c")
    assert beta.hex() == (
        "dd653f0879b48c3ef69e13551239bec4cbcc1c18fe8894de2e9e1c790e18273603bf1c6c25d7a797"
        "aeff3c43fd32b974d3fcbd4bcce916007097922a3ea3a794")


def random_bytes(name, number, size=32):
    return hashlib.shake_256(f"setlog vrf.json {name} {number}".encode()).digest(size)


def main():
    check_against_others()
    proofs = []
    for i in range(50):
        x = int.from_bytes(random_bytes("key", i, 64), "little") % Q
        # Keys at the edges of what is a key.
        x = {0: 1, 1: Q - 1, 2: 2**252, 3: 2**128}.get(i, x)
        alpha = random_bytes("record", i)
        if i >= 45:  # pads, and an input of another length
            alpha = (b"setlog/pad/1" + [0, 1, 256, 2**64 - 1][i - 46].to_bytes(8, "big")
                     if i > 45 else b"")
        public_key, h, pi, beta = prove(x, alpha)
        proofs.append({"sk": scalar_bytes(x).hex(), "pk": public_key.hex(),
                       "alpha": alpha.hex(), "h": h.hex(), "pi": pi.hex(),
                       "beta": beta.hex()})

    refused = {}
    candidates = [(P + k).to_bytes(32, "little") for k in range(19)]
    candidates += [(1 << 255 | P + k).to_bytes(32, "little") for k in range(19)]
    candidates += [(1 << 255 | 0).to_bytes(32, "little"),
                   (P - 1).to_bytes(32, "little"), scalar_bytes(1)]
    for i in range(12):  # an element's encoding with its sign, or its bit 255, changed
        good = int.from_bytes(((i + 1) * B).encode(), "little")
        candidates += [(P - good).to_bytes(32, "little"),
                       (good | 1 << 255).to_bytes(32, "little")]
    for i in range(200):
        candidates.append(
            (int.from_bytes(random_bytes("element", i), "little") % 2**254 * 2 % P)
            .to_bytes(32, "little"))
    for data in candidates:
        why = why_no_element(data)
        if why and len(refused.setdefault(why, [])) < 60:
            refused[why].append(data.hex())
    path = pathlib.Path(__file__).parent / "vrf.json"
    with open(path, "w", encoding="ascii") as out:
        json.dump({"proofs": proofs, "no_elements": refused}, out, indent=1)
        out.write("\n")
    print({why: len(them) for why, them in refused.items()})


if __name__ == "__main__":
    main()
