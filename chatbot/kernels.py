"""The loops of a transformer on a processor, compiled by Numba (LLVM) the first time they run, and kept on disk.

A token reads every weight once, so memory sets the pace: what counts is to read as few bytes as possible, on all cores,
and to widen them to float32 in registers. XLA in TensorFlow 2.21 took 1.6 times as long in float32 and ten times in int8
(28 million weights, one row, two cores of a Xeon), hence these few loops. Arrays are C-contiguous; `rows` are tokens, of
one conversation or of several.

Sums over a row take the same order whatever the number of rows: a token is answered alike alone and in company.

Who changes `chatbot.registers` must touch this file too: Numba looks at its date alone before it takes what it has kept.
"""

import math
import os

# How long (in turns of a loop) a thread that is done looks for the others before it sleeps; read when the OpenMP library
# loads, and a user's own value wins. With the library's default, 300,000, another busy program on the same cores makes
# each of a token's forty meetings wait for a turn of the system's: on two cores with two busy programs beside it, mini
# took 270 ms a token, with 700 turns 3 ms; alone the same 1.4 ms.
os.environ.setdefault("GOMP_SPINCOUNT", "700")

import numpy as np
from numba import njit, prange, types
from numba.extending import overload

from chatbot.registers import SIDE, TILE, dots, tiles

HALF = SIDE // 2

float32 = np.float32


def _wide(value):
    """One stored weight as float32. uint16 holds bfloat16: the upper half of a float32."""
    raise NotImplementedError  # only within compiled code


@overload(_wide, inline="always")
def _wide_overload(value):
    if value == types.uint16:
        return lambda value: np.uint32(np.uint32(value) << np.uint32(16)).view(np.float32)
    return lambda value: float32(value)


def _keep(array, index, value):
    """``array[index] = value``, rounded to the nearest bfloat16 (even) where that is what the array holds."""
    raise NotImplementedError  # only within compiled code


@overload(_keep, inline="always")
def _keep_overload(array, index, value):
    def plain(array, index, value):
        array[index] = value

    def rounded(array, index, value):
        bits = float32(value).view(np.uint32)
        array[index] = np.uint16((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))

    return rounded if array.dtype == types.uint16 else plain


@njit(parallel=True, cache=True, nogil=True)
def linear(x, weight, scale, bias, out):
    """``out = x · weightᵀ · scale + bias``.

    Args:
        x: (rows, ins) float32.
        weight: (outs, ins) float32, bfloat16 as uint16, or int8.
        scale: (outs,) float32.
        bias: (outs,) float32.
        out: (rows, outs) float32, written.
    """
    outs, end = weight.shape[0], len(x) - 1
    quarter = (outs + 3) // 4
    for each in prange(quarter):
        # Four streams of memory, far apart: a core waits for one alone. (int8, 124 million weights: 14 ms, so 6 ms.)
        # Past the end the last one comes again, and writes what it wrote before.
        i = np.int64(each)
        four = i, min(i + quarter, outs - 1), min(i + 2 * quarter, outs - 1), min(i + 3 * quarter, outs - 1)
        if end == 0:
            _put(dots(weight, four, x, (0,)), four, (0,), scale, bias, out)
            continue
        for r in range(0, end + 1, TILE):  # a weight is widened once for all rows of a tile (eight: 17 ms, so 11)
            rows = _tile(r, end)
            _put(dots(weight, four, x, rows), four, rows, scale, bias, out)


@njit(inline="always")
def _two(r, end):
    return r, min(r + 1, end)


@njit(inline="always")
def _four(r, end):
    return r, min(r + 1, end), min(r + 2, end), min(r + 3, end)


_tile = _four if TILE == 4 else _two  # its rows; past the last one that one again


@njit(inline="always")
def _put(sums, outs, rows, scale, bias, out):
    for r in range(len(rows)):
        for i in range(len(outs)):
            out[rows[r], outs[i]] = sums[r * len(outs) + i] * scale[outs[i]] + bias[outs[i]]


@njit(parallel=True, cache=True, nogil=True)
def paired(x, out):
    """Rows as `tiles` takes them: bfloat16, sixteen rows together, two columns of each side by side. Where there are
    fewer, the others' places stay as they are: no sum of a row depends on another.

    Args:
        x: (rows, ins) float32, ins even.
        out: (rows / 16 rounded up, ins / 2, 16) uint32, written.
    """
    rows, bits = len(x), x.view(np.uint32)
    half = np.uint32(0x7FFF)
    for part in prange(len(out)):
        for n in range(min(SIDE, rows - part * SIDE)):
            row = part * SIDE + n
            for j in range(out.shape[1]):
                a, b = bits[row, 2 * j], bits[row, 2 * j + 1]
                a = (a + half + ((a >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)
                b = (b + half + ((b >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
                out[part, j, n] = a | b


@njit(parallel=True, fastmath=True, cache=True, nogil=True)
def split(x, out, scales):
    """Rows as `tiles` takes them: each as two rows of int8, ``x ≈ (high + low / 254) · scale``, 16 bits in all.

    Args:
        x: (rows, ins) float32, ins a multiple of 4.
        out: (rows / 8 rounded up, ins / 4, 16) uint32, written: eight rows together, high ones before low ones, four
            columns of each side by side.
        scales: (rows,) float32, written.
    """
    rows, ins = x.shape
    high, low = np.empty((rows, ins), np.int8), np.empty((rows, ins), np.int8)
    for r in prange(rows):
        row, highs, lows = x[r], high[r], low[r]
        largest = float32(1e-30)
        for j in range(len(row)):
            largest = max(largest, abs(row[j]))
        scales[r] = largest / float32(127)
        factor = float32(127) / largest
        for j in range(len(row)):
            value = row[j] * factor
            whole = _rounded(value)
            highs[j], lows[j] = whole, min(_rounded((value - float32(whole)) * float32(254)), np.int32(127))
    # Then by columns: two threads in one line of the cache would wait for each other.
    columns, fours, more = ins // 4, high.view(np.uint32), low.view(np.uint32)
    blocks = (columns + SIDE - 1) // SIDE
    for task in prange(len(out) * blocks):
        part, begin = task // blocks, task % blocks * SIDE
        for n in range(min(HALF, rows - part * HALF)):
            r = part * HALF + n
            for j in range(begin, min(begin + SIDE, columns)):
                out[part, j, n], out[part, j, n + HALF] = fours[r, j], more[r, j]


@njit(inline="always")
def _rounded(value):
    """The nearest whole number of one within ±127.5, as int32."""
    return np.int32(value + float32(128.5)) - np.int32(128)


@njit(parallel=True, cache=True, nogil=True)
def tiled(pairs, weight, scale, bias, out):
    """`linear` by the processor's unit for products of matrices, on inputs rounded to bfloat16.

    Args:
        pairs: (…, ins / 2, 16) uint32, the rows as `paired` lays them.
        weight: (outs, ins) bfloat16 as uint16; at least 32 outs, ins a multiple of 32.
        scale: (outs,) float32.
        bias: (outs,) float32.
        out: (rows, outs) float32, written.
    """
    rows, outs = out.shape
    for panel in prange((outs + 2 * SIDE - 1) // (2 * SIDE)):
        first = min(np.int64(panel) * 2 * SIDE, outs - 2 * SIDE)  # the last panel writes some outputs once more
        sums = np.empty((2 * SIDE, 2 * SIDE), float32)
        for part in range(0, len(pairs), 2):
            tiles(weight[first : first + 2 * SIDE], pairs, (part, min(part + 1, len(pairs) - 1)), sums)
            for r in range(part * SIDE, min((part + 2) * SIDE, rows)):
                for i in range(2 * SIDE):
                    out[r, first + i] = sums[i, r - part * SIDE] * scale[first + i] + bias[first + i]


@njit(parallel=True, cache=True, nogil=True)
def tiled_int8(halves, scales, weight, scale, bias, out):
    """`linear` by the same unit on whole numbers: exact sums of int8 weights and inputs of 16 bits.

    Args:
        halves: (…, ins / 4, 16) uint32, the rows as `split` lays them.
        scales: (rows,) float32, theirs.
        weight: (outs, ins) int8; at least 32 outs, ins a multiple of 64.
        scale: (outs,) float32.
        bias: (outs,) float32.
        out: (rows, outs) float32, written.
    """
    rows, outs = out.shape
    for panel in prange((outs + 2 * SIDE - 1) // (2 * SIDE)):
        first = min(np.int64(panel) * 2 * SIDE, outs - 2 * SIDE)
        sums = np.empty((2 * SIDE, 2 * SIDE), np.int32)
        for part in range(0, len(halves), 2):
            tiles(weight[first : first + 2 * SIDE], halves, (part, min(part + 1, len(halves) - 1)), sums)
            for r in range(part * HALF, min((part + 2) * HALF, rows)):
                high = (r - part * HALF) // HALF * SIDE + r % HALF
                for i in range(2 * SIDE):
                    total = float32(sums[i, high]) + float32(sums[i, high + HALF]) / float32(254)
                    out[r, first + i] = total * (scales[r] * scale[first + i]) + bias[first + i]


@njit(parallel=True, cache=True, nogil=True)
def product(x, weight, bias, pieces, out):
    """`linear` for many rows, by the BLAS: a piece of the outputs per thread.

    The BLAS itself must have one thread (see `chatbot.decoder`): beside ours, its own wait for work in a loop that takes
    the cores away, and everything is four times slower.

    Args:
        x: (rows, ins) float32.
        weight: (outs, ins) float32.
        bias: (outs,) float32.
        pieces: how many.
        out: (rows, outs) float32, written.
    """
    outs = weight.shape[0]
    for piece in prange(pieces):
        first, last = piece * outs // pieces, (piece + 1) * outs // pieces
        out[:, first:last] = np.dot(x, weight[first:last].T) + bias[first:last]


@njit(parallel=True, cache=True, nogil=True)
def widened(weight, scale, out):
    """The weights as float32, for a matrix product: ``out[i] = weight[i] · scale[i]``; shapes as in `linear`."""
    for i in prange(weight.shape[0]):
        for j in range(weight.shape[1]):
            out[i, j] = _wide(weight[i, j]) * scale[i]


@njit(inline="always")
def _exp(x):
    """e to the x, within 2e-7: 2 to a whole power by its bits, a polynomial for the rest. Eight at a time, where the
    C library's takes one.

    The coefficients are those of ln 2 to the n over n factorial, of the series about 0, for |rest| ≤ 1/2.
    """
    y = min(max(x, float32(-87.0)), float32(88.0)) * float32(1.4426950408889634)
    whole = np.int32(y + float32(128.5)) - np.int32(128)  # rounded: y + 128.5 is positive
    rest = y - float32(whole)
    p = float32(0.00015403530393381608)
    p = p * rest + float32(0.0013333558146428443)
    p = p * rest + float32(0.009618129107628477)
    p = p * rest + float32(0.05550410866482158)
    p = p * rest + float32(0.24022650695910072)
    p = p * rest + float32(0.6931471805599453)
    p = p * rest + float32(1.0)
    return p * np.int32((whole + np.int32(127)) << np.int32(23)).view(np.float32)


@njit(cache=True, nogil=True)
def remember(projected, first_key, first_value, slots, places, keys, values):
    """Puts the keys and values of some tokens where their conversations keep theirs.

    Args:
        projected: (rows, queries + keys + values) float32.
        first_key: where the keys begin in a row.
        first_value: where the values do.
        slots: (rows,) int64.
        places: (rows,) int64.
        keys: (slots, key heads, places, width) float32, or bfloat16 as uint16; written.
        values: same.
    """
    heads, width = keys.shape[1], keys.shape[3]
    for r in range(len(projected)):
        for h in range(heads):
            k, v = keys[slots[r], h, places[r]], values[slots[r], h, places[r]]
            for j in range(width):
                _keep(k, j, projected[r, first_key + h * width + j])
                _keep(v, j, projected[r, first_value + h * width + j])


@njit(parallel=True, fastmath=True, cache=True, nogil=True)
def attend(projected, keys, values, slots, lengths, window, scores, out):
    """``softmax(query · keysᵀ / √width) · values`` over what each row may see.

    Args:
        projected: (rows, heads · width + …) float32: the queries first.
        keys: (slots, key heads, places, width) float32, or bfloat16 as uint16; a key head serves heads / key heads of
            the query's.
        values: same.
        slots: (rows,) int64, whose keys a row sees.
        lengths: (rows,) int64, how many places it sees from the first; at least 1.
        window: the most places, counted from the last one back.
        scores: (rows · heads, places) float32, overwritten.
        out: (rows, heads · width) float32, written.
    """
    width = keys.shape[3]
    rows, heads = out.shape[0], out.shape[1] // width
    group = heads // keys.shape[1]
    scale = float32(1.0 / math.sqrt(width))
    for task in prange(rows * heads):
        row, head = task // heads, task % heads
        last = lengths[row]
        first = max(0, last - window)
        k, v = keys[slots[row], head // group, first:last], values[slots[row], head // group, first:last]
        q, o = projected[row, head * width : (head + 1) * width], out[row, head * width : (head + 1) * width]
        s = scores[task, : last - first]
        quarter = len(s) // 4  # four streams of memory, as in `linear`
        for p0 in range(quarter):
            p1, p2, p3 = p0 + quarter, p0 + 2 * quarter, p0 + 3 * quarter
            k0, k1, k2, k3 = k[p0], k[p1], k[p2], k[p3]
            s0 = s1 = s2 = s3 = float32(0)
            for j in range(width):
                s0 += q[j] * _wide(k0[j])
                s1 += q[j] * _wide(k1[j])
                s2 += q[j] * _wide(k2[j])
                s3 += q[j] * _wide(k3[j])
            s[p0], s[p1], s[p2], s[p3] = s0 * scale, s1 * scale, s2 * scale, s3 * scale
        for place in range(4 * quarter, len(s)):
            dot = float32(0)
            for j in range(width):
                dot += q[j] * _wide(k[place, j])
            s[place] = dot * scale
        top = float32(-np.inf)
        for place in range(len(s)):
            top = max(top, s[place])
        total = float32(0)
        for place in range(len(s)):
            share = _exp(s[place] - top)
            s[place] = share
            total += share
        o[:] = float32(0)
        for p0 in range(quarter):
            p1, p2, p3 = p0 + quarter, p0 + 2 * quarter, p0 + 3 * quarter
            s0, s1, s2, s3 = s[p0], s[p1], s[p2], s[p3]
            v0, v1, v2, v3 = v[p0], v[p1], v[p2], v[p3]
            for j in range(width):
                o[j] += s0 * _wide(v0[j]) + s1 * _wide(v1[j]) + s2 * _wide(v2[j]) + s3 * _wide(v3[j])
        for place in range(4 * quarter, len(s)):
            for j in range(width):
                o[j] += s[place] * _wide(v[place, j])
        for j in range(width):
            o[j] /= total


@njit(parallel=True, fastmath=True, cache=True, nogil=True)
def layer_norm(x, gain, offset, epsilon, out):
    """Each row of (rows, width) less its mean, over its standard deviation, times `gain`, plus `offset`."""
    rows, width = x.shape
    for r in prange(rows):
        mean = float32(0)
        for j in range(width):
            mean += x[r, j]
        mean /= float32(width)
        variance = float32(0)
        for j in range(width):
            variance += (x[r, j] - mean) * (x[r, j] - mean)
        factor = float32(1.0 / math.sqrt(variance / float32(width) + epsilon))
        for j in range(width):
            out[r, j] = (x[r, j] - mean) * factor * gain[j] + offset[j]


@njit(parallel=True, fastmath=True, cache=True, nogil=True)
def rms_norm(x, gain, epsilon, out):
    """Each row of (rows, width) over the root of its mean square, times `gain`."""
    rows, width = x.shape
    for r in prange(rows):
        square = float32(0)
        for j in range(width):
            square += x[r, j] * x[r, j]
        factor = float32(1.0 / math.sqrt(square / float32(width) + epsilon))
        for j in range(width):
            out[r, j] = x[r, j] * factor * gain[j]


@njit(parallel=True, fastmath=True, cache=True, nogil=True)
def gelu(x):
    """GELU by its tanh formula (GPT-2's), in place, on (rows, width)."""
    rows, width = x.shape
    for piece in prange(rows * 4):
        r, quarter = piece // 4, piece % 4
        row = x[r, quarter * width // 4 : (quarter + 1) * width // 4]
        for j in range(len(row)):  # from 0: LLVM takes several numbers at a time only where no index can be below
            v = row[j]
            # 1/2 (1 + tanh y) is 1 / (1 + e^(-2y))
            row[j] = v / (float32(1) + _exp(float32(-1.5957691216057308) * (v + float32(0.044715) * v * v * v)))


@njit(parallel=True, fastmath=True, cache=True, nogil=True)
def silu_gate(gate, x):
    """``x = x · gate · sigmoid(gate)``, in place, on (rows, width)."""
    rows, width = x.shape
    for piece in prange(rows * 4):
        r, quarter = piece // 4, piece % 4
        part = slice(quarter * width // 4, (quarter + 1) * width // 4)
        g, row = gate[r, part], x[r, part]
        for j in range(len(row)):
            row[j] *= g[j] / (float32(1) + _exp(-g[j]))


@njit(cache=True, nogil=True)
def rotate(x, first, last, cosine, sine):
    """Rotary positions, in place: pairs (j, j + half a head) turn by their angle.

    Args:
        x: (rows, columns) float32.
        first: where its heads begin, one after the other.
        last: where they end.
        cosine: (rows, half a head) float32, of each row's place.
        sine: same.
    """
    half = cosine.shape[1]
    for r in range(len(x)):
        for begin in range(first, last, 2 * half):
            for j in range(begin, begin + half):
                a, b = x[r, j], x[r, j + half]
                x[r, j] = a * cosine[r, j - begin] - b * sine[r, j - begin]
                x[r, j + half] = b * cosine[r, j - begin] + a * sine[r, j - begin]
