// Names of the ap_fixed rounding and overflow modes, as the library's parameters take them.
//
// The meaning of each is that of python/gatewright/fixed.py, which is that of AMD UG1399.
package gatewright_pkg;

  // Rounding: what happens to the fraction bits that are dropped.
  localparam int unsigned RndPlusInf = 0;  // AP_RND: to nearest, ties towards plus infinity
  localparam int unsigned RndZero    = 1;  // AP_RND_ZERO: to nearest, ties towards zero
  localparam int unsigned RndMinInf  = 2;  // AP_RND_MIN_INF: to nearest, ties to minus infinity
  localparam int unsigned RndInf     = 3;  // AP_RND_INF: to nearest, ties away from zero
  localparam int unsigned RndConv    = 4;  // AP_RND_CONV: to nearest, ties to even
  localparam int unsigned Trn        = 5;  // AP_TRN: towards minus infinity
  localparam int unsigned TrnZero    = 6;  // AP_TRN_ZERO: towards zero

  // Overflow: what happens to a value outside the range of the result.
  localparam int unsigned Sat     = 0;  // AP_SAT: the nearest bound
  localparam int unsigned SatZero = 1;  // AP_SAT_ZERO: zero
  localparam int unsigned SatSym  = 2;  // AP_SAT_SYM: the nearest bound of a symmetric range
  localparam int unsigned Wrap    = 3;  // AP_WRAP: modulo 2**OutWidth
  localparam int unsigned WrapSm  = 4;  // AP_WRAP_SM: sign-magnitude wrap

endpackage
