"""Names that are SystemVerilog identifiers."""

import re
from typing import Any

# IEEE 1800-2017, annex B, as far as a layer might be called so.
_TEXT = """
    alias always always_comb always_ff always_latch and assert assign assume automatic before begin
    bind bins bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking
    cmos config const constraint context continue cover covergroup coverpoint cross deassign default
    defparam design disable dist do edge else end endcase endmodule enum event expect export extends
    extern final first_match for force foreach forever fork forkjoin function generate genvar global
    highz0 highz1 if iff ifnone ignore_bins illegal_bins implements implies import incdir include
    initial inout input inside instance int integer interconnect interface intersect join join_any
    join_none large let liblist library local localparam logic longint macromodule matches medium
    modport module nand negedge nettype new nexttime nmos nor noshowcancelled not notif0 notif1 null
    or output package packed parameter pmos posedge primitive priority program property protected
    pull0 pull1 pulldown pullup pure rand randc randcase randsequence rcmos real realtime ref reg
    reject_on release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1 scalared sequence
    shortint shortreal signed small soft solve specify specparam static string strong strong0
    strong1 struct super supply0 supply1 table tagged task this throughout time timeprecision
    timeunit tran tranif0 tranif1 tri tri0 tri1 triand trior trireg type typedef union unique
    unique0 unsigned until untyped use uwire var vectored virtual void wait wait_order wand weak
    weak0 weak1 while wildcard wire with within wor xnor xor
"""
# hls4ml puts the class in front of the ONNX node's name for these.
PREFIXES = ("Dense", "Conv1D", "Conv2D", "DepthwiseConv1D", "DepthwiseConv2D")
KEYWORDS = frozenset(_TEXT.split())


def identifier(name: str) -> str:
    """Return ``name`` as a SystemVerilog identifier: other characters become ``_``."""
    clean = re.sub(r"\W", "_", name, flags=re.ASCII)
    if not clean or not (clean[0].isalpha() or clean[0] == "_"):
        clean = f"n{clean}"
    return f"{clean}_" if clean in KEYWORDS else clean


def origin(layer: Any) -> str:
    """Return the name that the user's graph had for a layer of hls4ml's."""
    name, kind = str(layer.name), str(layer.class_name).removeprefix("Pointwise")
    return name.removeprefix(f"{kind}_") if kind in PREFIXES else name
