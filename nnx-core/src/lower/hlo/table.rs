//! Where HLO differs from StableHLO: how each operation and each of its attributes is called there.

use Form::*;
use Part::*;
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// What an operation becomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// The HLO instruction of this name, with the same operands and results.
    Op(&'static str),
    /// A call of a function of the program.
    Call,
    /// A call of the formula in `ops/expansion`: HLO has no such instruction.
    Formula,
    /// A literal.
    Constant,
    /// A broadcast, which stretches no dimension in HLO: those of size 1 are dropped before.
    Broadcast,
    /// One instruction from a tuple to a tuple.
    Barrier,
    /// A loop over a tuple.
    While,
    /// A choice between two computations, or among many. Each has a tuple for its parameter.
    Branch,
}

/// How attributes and regions are written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part {
    /// The same value under HLO's name.
    As(&'static str, &'static str),
    /// An integer, which HLO wants as a list of one.
    One(&'static str, &'static str),
    /// Dimension numbers: each list under its own name.
    Numbers(&'static str),
    /// Region number `.0` as a computation.
    Region(usize, &'static str),
    /// `start_indices`, `limit_indices` and `strides` as one.
    Slice,
    /// `edge_padding_low`, `edge_padding_high` and `interior_padding` as one.
    Padding,
    /// All that describes a window as one.
    Window,
}

impl Part {
    /// The StableHLO attributes that it writes.
    pub(super) fn reads(&self) -> &[&'static str] {
        match self {
            As(name, _) | One(name, _) | Numbers(name) => std::slice::from_ref(name),
            Region(..) => &[],
            Slice => &["start_indices", "limit_indices", "strides"],
            Padding => &["edge_padding_low", "edge_padding_high", "interior_padding"],
            Window => WINDOW,
        }
    }
}

const WINDOW: &[&str] = &[
    "window_dimensions",
    "window_strides",
    "padding",
    "base_dilations",
    "lhs_dilation",
    "window_dilations",
    "rhs_dilation",
    "window_reversal",
];

/// A row of the table.
pub(super) type Row = (&'static str, Form, &'static [Part]);

const DIMENSIONS: Part = As("dimensions", "dimensions");
const TO_APPLY: Part = Region(0, "to_apply");
const SORTED: Part = As("indices_are_sorted", "indices_are_sorted");

/// Every operation that a lowering writes.
pub(super) const TABLE: &[Row] = &[
    ("chlo.acos", Formula, &[]),
    ("chlo.acosh", Formula, &[]),
    ("chlo.asin", Formula, &[]),
    ("chlo.asinh", Formula, &[]),
    ("chlo.atanh", Formula, &[]),
    ("chlo.bessel_i1e", Formula, &[]),
    ("chlo.cosh", Formula, &[]),
    ("chlo.digamma", Formula, &[]),
    ("chlo.erf", Op("erf"), &[]),
    ("chlo.erf_inv", Formula, &[]),
    ("chlo.erfc", Formula, &[]),
    ("chlo.lgamma", Formula, &[]),
    ("chlo.next_after", Formula, &[]),
    ("chlo.polygamma", Formula, &[]),
    ("chlo.sinh", Formula, &[]),
    ("chlo.top_k", Op("topk"), &[As("k", "k")]),
    ("chlo.zeta", Formula, &[]),
    ("func.call", Call, &[]),
    ("stablehlo.abs", Op("abs"), &[]),
    ("stablehlo.add", Op("add"), &[]),
    ("stablehlo.and", Op("and"), &[]),
    ("stablehlo.atan2", Op("atan2"), &[]),
    ("stablehlo.bitcast_convert", Op("bitcast-convert"), &[]),
    ("stablehlo.broadcast_in_dim", Broadcast, &[As("broadcast_dimensions", "dimensions")]),
    ("stablehlo.case", Branch, &[]),
    ("stablehlo.cbrt", Op("cbrt"), &[]),
    ("stablehlo.ceil", Op("ceil"), &[]),
    ("stablehlo.cholesky", Op("cholesky"), &[As("lower", "lower")]),
    ("stablehlo.clamp", Op("clamp"), &[]),
    (
        "stablehlo.compare",
        Op("compare"),
        &[As("comparison_direction", "direction"), As("compare_type", "type")],
    ),
    ("stablehlo.complex", Op("complex"), &[]),
    ("stablehlo.concatenate", Op("concatenate"), &[One("dimension", "dimensions")]),
    ("stablehlo.constant", Constant, &[]),
    ("stablehlo.convert", Op("convert"), &[]),
    (
        "stablehlo.convolution",
        Op("convolution"),
        &[
            Window,
            Numbers("dimension_numbers"),
            As("feature_group_count", "feature_group_count"),
            As("batch_group_count", "batch_group_count"),
        ],
    ),
    ("stablehlo.cosine", Op("cosine"), &[]),
    ("stablehlo.count_leading_zeros", Op("count-leading-zeros"), &[]),
    ("stablehlo.custom_call", Op("custom-call"), &[As("call_target_name", "custom_call_target")]),
    ("stablehlo.divide", Op("divide"), &[]),
    ("stablehlo.dot_general", Op("dot"), &[Numbers("dot_dimension_numbers")]),
    ("stablehlo.dynamic_slice", Op("dynamic-slice"), &[As("slice_sizes", "dynamic_slice_sizes")]),
    ("stablehlo.dynamic_update_slice", Op("dynamic-update-slice"), &[]),
    ("stablehlo.exponential", Op("exponential"), &[]),
    ("stablehlo.exponential_minus_one", Op("exponential-minus-one"), &[]),
    ("stablehlo.fft", Op("fft"), &[As("fft_type", "fft_type"), As("fft_length", "fft_length")]),
    ("stablehlo.floor", Op("floor"), &[]),
    (
        "stablehlo.gather",
        Op("gather"),
        &[Numbers("dimension_numbers"), As("slice_sizes", "slice_sizes"), SORTED],
    ),
    ("stablehlo.if", Branch, &[]),
    ("stablehlo.imag", Op("imag"), &[]),
    ("stablehlo.iota", Op("iota"), &[As("iota_dimension", "iota_dimension")]),
    ("stablehlo.is_finite", Op("is-finite"), &[]),
    ("stablehlo.log", Op("log"), &[]),
    ("stablehlo.log_plus_one", Op("log-plus-one"), &[]),
    ("stablehlo.logistic", Op("logistic"), &[]),
    ("stablehlo.maximum", Op("maximum"), &[]),
    ("stablehlo.minimum", Op("minimum"), &[]),
    ("stablehlo.multiply", Op("multiply"), &[]),
    ("stablehlo.negate", Op("negate"), &[]),
    ("stablehlo.not", Op("not"), &[]),
    ("stablehlo.optimization_barrier", Barrier, &[]),
    ("stablehlo.or", Op("or"), &[]),
    ("stablehlo.pad", Op("pad"), &[Padding]),
    ("stablehlo.popcnt", Op("popcnt"), &[]),
    ("stablehlo.power", Op("power"), &[]),
    ("stablehlo.real", Op("real"), &[]),
    ("stablehlo.reduce", Op("reduce"), &[DIMENSIONS, TO_APPLY]),
    ("stablehlo.reduce_window", Op("reduce-window"), &[Window, TO_APPLY]),
    ("stablehlo.remainder", Op("remainder"), &[]),
    ("stablehlo.reshape", Op("reshape"), &[]),
    ("stablehlo.reverse", Op("reverse"), &[DIMENSIONS]),
    ("stablehlo.round_nearest_even", Op("round-nearest-even"), &[]),
    ("stablehlo.rsqrt", Op("rsqrt"), &[]),
    (
        "stablehlo.scatter",
        Op("scatter"),
        &[
            Numbers("scatter_dimension_numbers"),
            SORTED,
            As("unique_indices", "unique_indices"),
            TO_APPLY,
        ],
    ),
    ("stablehlo.select", Op("select"), &[]),
    (
        "stablehlo.select_and_scatter",
        Op("select-and-scatter"),
        &[Window, Region(0, "select"), Region(1, "scatter")],
    ),
    ("stablehlo.shift_left", Op("shift-left"), &[]),
    ("stablehlo.shift_right_arithmetic", Op("shift-right-arithmetic"), &[]),
    ("stablehlo.shift_right_logical", Op("shift-right-logical"), &[]),
    ("stablehlo.sign", Op("sign"), &[]),
    ("stablehlo.sine", Op("sine"), &[]),
    ("stablehlo.slice", Op("slice"), &[Slice]),
    (
        "stablehlo.sort",
        Op("sort"),
        &[One("dimension", "dimensions"), As("is_stable", "is_stable"), TO_APPLY],
    ),
    ("stablehlo.sqrt", Op("sqrt"), &[]),
    ("stablehlo.subtract", Op("subtract"), &[]),
    ("stablehlo.tan", Op("tan"), &[]),
    ("stablehlo.tanh", Op("tanh"), &[]),
    ("stablehlo.transpose", Op("transpose"), &[As("permutation", "dimensions")]),
    (
        "stablehlo.triangular_solve",
        Op("triangular-solve"),
        &[
            As("left_side", "left_side"),
            As("lower", "lower"),
            As("unit_diagonal", "unit_diagonal"),
            As("transpose_a", "transpose_a"),
        ],
    ),
    ("stablehlo.while", While, &[]),
    ("stablehlo.xor", Op("xor"), &[]),
];

static BY_OPCODE: LazyLock<FxHashMap<&str, &Row>> =
    LazyLock::new(|| TABLE.iter().map(|row| (row.0, row)).collect());

/// The row of an operation.
pub(super) fn row(opcode: &str) -> Option<&'static Row> {
    BY_OPCODE.get(opcode).copied()
}
