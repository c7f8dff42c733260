"""The loops of a transformer on a processor, compiled by Numba (LLVM) the first time they run, and kept on disk.

A token reads every weight once, so memory sets the pace: what counts is to read as few bytes as possible, on all cores,
and to widen them to float32 in registers. XLA in TensorFlow 2.21 took 1.6 times as long in float32 and ten times in int8
(28 million weights, one row, two cores of a Xeon), hence these few loops. Arrays are C-contiguous; `rows` are tokens, of
one conversation or of several.

Sums over a row take the same order whatever the number of rows: a token is answered alike alone and in company.
"""

import math

import numpy as np
from numba import njit, prange
from numba.extending import overload

float32 = np.float32


def _wide(value):
    """One stored weight as float32. uint16 holds bfloat16: the upper half of a float32."""
    raise NotImplementedError  # only within compiled code


@overload(_wide, inline="always")
def _wide_overload(value):
    from numba import types

    if value == types.uint16:
        return lambda value: np.uint32(np.uint32(value) << np.uint32(16)).view(np.float32)
    return lambda value: float32(value)


def _keep(array, index, value):
    """``array[index] = value``, rounded to the nearest bfloat16 (even) where that is what the array holds."""
    raise NotImplementedError  # only within compiled code


@overload(_keep, inline="always")
def _keep_overload(array, index, value):
    from numba import types

    def plain(array, index, value):
        array[index] = value

    def rounded(array, index, value):
        bits = float32(value).view(np.uint32)
        array[index] = np.uint16((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))

    return rounded if array.dtype == types.uint16 else plain


@njit(parallel=True, fastmath=True, cache=True, nogil=True)
def linear(x, weight, scale, bias, out):
    """``out = x · weightᵀ · scale + bias``.

    Args:
        x: (rows, ins) float32.
        weight: (outs, ins) float32, bfloat16 as uint16, or int8.
        scale: (outs,) float32.
        bias: (outs,) float32.
        out: (rows, outs) float32, written.
    """
    rows, ins = x.shape
    outs = weight.shape[0]
    quarter = (outs + 3) // 4
    for i in prange(quarter):
        # Four streams of memory, far apart: a core waits for one alone. (int8, 124 million weights: 14 ms, so 6 ms.)
        # Past the end the last one comes again, and writes what it wrote before.
        i0, i1, i2, i3 = i, min(i + quarter, outs - 1), min(i + 2 * quarter, outs - 1), min(i + 3 * quarter, outs - 1)
        w0, w1, w2, w3 = weight[i0], weight[i1], weight[i2], weight[i3]
        for r in range(0, rows, 2):  # a weight is widened once for two rows
            p, q = r, min(r + 1, rows - 1)
            xp, xq = x[p], x[q]
            p0 = p1 = p2 = p3 = q0 = q1 = q2 = q3 = float32(0)
            for j in range(ins):
                a, b, c, d = _wide(w0[j]), _wide(w1[j]), _wide(w2[j]), _wide(w3[j])
                u, v = xp[j], xq[j]
                p0 += a * u
                p1 += b * u
                p2 += c * u
                p3 += d * u
                q0 += a * v
                q1 += b * v
                q2 += c * v
                q3 += d * v
            out[p, i0], out[q, i0] = p0 * scale[i0] + bias[i0], q0 * scale[i0] + bias[i0]
            out[p, i1], out[q, i1] = p1 * scale[i1] + bias[i1], q1 * scale[i1] + bias[i1]
            out[p, i2], out[q, i2] = p2 * scale[i2] + bias[i2], q2 * scale[i2] + bias[i2]
            out[p, i3], out[q, i3] = p3 * scale[i3] + bias[i3], q3 * scale[i3] + bias[i3]


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
        k, v = keys[slots[row], head // group], values[slots[row], head // group]
        s, last = scores[task], lengths[row]
        q, o = projected[row, head * width : (head + 1) * width], out[row, head * width : (head + 1) * width]
        first = max(0, last - window)
        top = float32(-np.inf)
        for place in range(first, last):
            dot = float32(0)
            for j in range(width):
                dot += q[j] * _wide(k[place, j])
            s[place] = dot * scale
            top = max(top, s[place])
        total = float32(0)
        for place in range(first, last):
            s[place] = _exp(s[place] - top)
            total += s[place]
        for j in range(width):
            o[j] = float32(0)
        for place in range(first, last):
            share = s[place] / total
            for j in range(width):
                o[j] += share * _wide(v[place, j])


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
        row = x[r]
        for j in range(quarter * width // 4, (quarter + 1) * width // 4):
            v = row[j]
            # 1/2 (1 + tanh y) is 1 / (1 + e^(-2y))
            row[j] = v / (float32(1) + _exp(float32(-1.5957691216057308) * (v + float32(0.044715) * v * v * v)))


@njit(parallel=True, fastmath=True, cache=True, nogil=True)
def silu_gate(gate, x):
    """``x = x · gate · sigmoid(gate)``, in place, on (rows, width)."""
    rows, width = x.shape
    for piece in prange(rows * 4):
        r, quarter = piece // 4, piece % 4
        g, row = gate[r], x[r]
        for j in range(quarter * width // 4, (quarter + 1) * width // 4):
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
