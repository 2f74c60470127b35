"""Memory that will be needed soon, asked for while there is other work.

In: an array and a place in it, within compiled code. Out: nothing. Promise: no result depends on
it. Facts and ids of one moment belong to people whose histories lie far apart in memory; waiting
for each in turn takes longer than the work on it.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_BYTE = ir.IntType(8).as_pointer()
_FLAG = ir.IntType(32)
# Arguments of LLVM's llvm.prefetch: for reading; to be kept in all caches; data, not code.
_READ, _KEEP, _DATA = ir.Constant(_FLAG, 0), ir.Constant(_FLAG, 3), ir.Constant(_FLAG, 1)


@intrinsic
def prefetch(_context, array, _index):  # type: ignore[no-untyped-def]
    """Fetch the line of the cache that holds element `index` of a contiguous array, read flat."""
    size = array.dtype.bitwidth // 8

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        memory = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        offset = builder.mul(arguments[1], ir.Constant(arguments[1].type, size))
        place = builder.gep(builder.bitcast(memory, _BYTE), [offset])
        kind = ir.FunctionType(ir.VoidType(), [_BYTE, _FLAG, _FLAG, _FLAG])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [place, _READ, _KEEP, _DATA])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate
