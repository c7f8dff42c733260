"""What Numba does not reach by itself, written for LLVM: registers of the full width, and tiles of the processor's unit
for products of matrices (Intel's AMX). Both are called from compiled code only, by `chatbot.kernels`.
"""

import ctypes
import sys
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.codegen import get_host_cpu_features
from numba.extending import intrinsic

FEATURES = get_host_cpu_features().split(",")
FLOAT, INDEX, BYTE = ir.FloatType(), ir.IntType(64), ir.IntType(8)
# What fits into the registers: 16 sums of 16 numbers each where there are 32 of 512 bits, else 8 sums of 8.
LANES, TILE = (16, 4) if "+avx512f" in FEATURES else (8, 2)
SIDE = 16  # rows of a tile; each has 64 bytes


def _dots(_, weight, outs, x, rows):
    """The scalar products of some rows of a matrix with some rows of another: a tuple of float32, all `outs` of the
    first of `rows`, then those of the second, and so on.

    Written for LLVM directly, since its own vectoriser halves the width of the registers, and since each sum has to be
    taken in one and the same order however many stand beside it: `LANES` at a time, then the halves together.

    Args:
        weight: (…, ins) float32, bfloat16 as uint16, or int8.
        outs: tuple of int64, rows of it.
        x: (…, ins) float32.
        rows: tuple of int64, rows of it.
    """
    results = types.UniTuple(types.float32, len(outs) * len(rows))
    stored = {types.float32: FLOAT, types.uint16: ir.IntType(16), types.int8: ir.IntType(8)}[weight.dtype]

    def generate(context, builder, signature, arguments):
        matrix, inputs = (
            cgutils.create_struct_proxy(signature.args[n])(context, builder, arguments[n]) for n in (0, 2)
        )
        ins = cgutils.unpack_tuple(builder, matrix.shape)[1]

        def begins(array, numbers):
            return [builder.gep(array.data, [builder.mul(n, ins)]) for n in cgutils.unpack_tuple(builder, numbers)]

        weights, vectors = begins(matrix, arguments[1]), begins(inputs, arguments[3])

        def add_up(first, last, sums, lanes):
            """Adds the products of the columns from first to last, `lanes` at a time, to what `sums` point at."""
            of_lanes = (lambda kind: ir.VectorType(kind, lanes)) if lanes > 1 else (lambda kind: kind)
            name, number = f"llvm.fma.{f'v{lanes}' if lanes > 1 else ''}f32", of_lanes(FLOAT)
            fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(number, [number] * 3), name)

            def load(begin, column, kind):
                at = builder.bitcast(builder.gep(begin, [column]), of_lanes(kind).as_pointer())
                return builder.load(at, align=1)

            def wide(value):
                if stored is FLOAT:
                    return value
                if stored.width == 8:
                    return builder.sitofp(value, number)
                bits = of_lanes(ir.IntType(32))
                sixteen = ir.Constant(bits, [16] * lanes if lanes > 1 else 16)
                return builder.bitcast(builder.shl(builder.zext(value, bits), sixteen), number)

            with cgutils.for_range_slice(builder, first, last, ir.Constant(INDEX, lanes), INDEX) as (column, _):
                those = [wide(load(begin, column, stored)) for begin in weights]
                for r, begin in enumerate(vectors):
                    value = load(begin, column, FLOAT)
                    for at, each in zip(sums[r * len(those) :], those, strict=False):
                        builder.store(builder.call(fma, [each, value, builder.load(at)]), at)

        def total(vector):
            half = vector.type.count // 2
            if not half:
                return builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))
            parts = [ir.Constant(ir.VectorType(ir.IntType(32), half), [*range(n, n + half)]) for n in (0, half)]
            return total(builder.fadd(*(builder.shuffle_vector(vector, vector, part) for part in parts)))

        none, whole = ir.Constant(INDEX, 0), builder.sub(ins, builder.srem(ins, ir.Constant(INDEX, LANES)))
        zeros = ir.Constant(ir.VectorType(FLOAT, LANES), [0.0] * LANES)
        wide_sums = [cgutils.alloca_once_value(builder, zeros) for _ in range(len(results))]
        add_up(none, whole, wide_sums, LANES)
        sums = [cgutils.alloca_once_value(builder, total(builder.load(at))) for at in wide_sums]
        add_up(whole, ins, sums, 1)
        return context.make_tuple(builder, results, [builder.load(at) for at in sums])

    return results(weight, outs, x, rows), generate


# Eight tiles of 16 rows of 64 bytes (Intel's manual, volume 1, 18.3: palette 1; bytes per row from 16, rows from 48).
SHAPES = np.frombuffer(bytes([1] + [0] * 15) + bytes([64, 0] * 8) + bytes(16) + bytes([SIDE] * 8) + bytes(8), "uint8")


def tiles_allowed() -> bool:
    """Whether there are tiles; Linux gives a process their memory only when asked (arch_prctl: ARCH_REQ_XCOMP_PERM)."""
    if sys.platform != "linux" or not {"+amx-bf16", "+amx-int8"} <= set(FEATURES):
        return False
    return ctypes.CDLL(None).syscall(158, 0x1023, 18) == 0


def _tiles(_, weight, others, parts, out):
    """The scalar products of 32 rows with two times 16 others: of bfloat16, summed in float32, or of int8, in int32.

    A sum does not depend on what the other rows hold.

    Args:
        weight: (32, ins), 64 bytes or a multiple each: bfloat16 as uint16, or int8.
        others: (…, bytes of a row / 4, 16) uint32: of sixteen rows each, four bytes of each side by side; see
            `chatbot.kernels.paired` and `split`.
        parts: two int64, which of them.
        out: (32, 32) float32, or int32 for int8, written; a column for each of the others.
    """
    product = {types.uint16: "tdpbf16ps", types.int8: "tdpbssd"}[weight.dtype]

    def generate(context, builder, signature, arguments):
        structs = [cgutils.create_struct_proxy(signature.args[n])(context, builder, arguments[n]) for n in (0, 1, 3)]
        pointer = BYTE.as_pointer()
        rows, begins, sums = (builder.bitcast(struct.data, pointer) for struct in structs)
        shapes = cgutils.global_constant(builder, "tile_shapes", cgutils.create_constant_array(BYTE, SHAPES.tolist()))
        ins = cgutils.unpack_tuple(builder, structs[0].shape)[1]

        def number(value):
            return ir.Constant(INDEX, value)

        def call(name, *operands):
            """An instruction; ints are numbers of tiles."""
            values = [ir.Constant(BYTE, each) if isinstance(each, int) else each for each in operands]
            kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.{name}"), values)

        kinds = [pointer] + 3 * [ir.IntType(32)]  # where; read, near the core, data
        prefetch = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), kinds), "llvm.prefetch.p0i8"
        )

        def after(begin, bytes_):
            return builder.gep(begin, [bytes_])

        row = builder.mul(ins, number(weight.dtype.bitwidth // 8))  # bytes
        sixteen = builder.mul(row, number(SIDE))  # rows, or a part of the others
        above = [rows, after(rows, sixteen)]
        left = [after(begins, builder.mul(part, sixteen)) for part in cgutils.unpack_tuple(builder, arguments[2])]
        call("ldtilecfg", builder.bitcast(shapes, pointer))
        for tile in range(4):
            call("tilezero", tile)
        with cgutils.for_range_slice(builder, number(0), row, number(64), INDEX) as (at, _):
            for n in range(2):
                call("tileloadd64", 4 + n, after(above[n], at), row)
                call("tileloadd64", 6 + n, after(left[n], builder.mul(at, number(SIDE))), number(64))
            for n in range(2 * SIDE):  # the next 32 rows: so many streams are more than a core foresees
                line = after(rows, builder.add(builder.mul(row, number(2 * SIDE + n)), at))
                builder.call(prefetch, [line, *(ir.Constant(ir.IntType(32), value) for value in (0, 2, 1))])
            for tile in range(4):
                call(product, tile, 4 + tile // 2, 6 + tile % 2)
        for tile in range(4):
            place = number(tile // 2 * SIDE * 128 + tile % 2 * 64)
            call("tilestored64", tile, after(sums, place), number(128))
        call("tilerelease")
        return context.get_dummy_value()

    return types.void(weight, others, parts, out), generate


dots: Any = intrinsic(_dots)
tiles: Any = intrinsic(_tiles)
