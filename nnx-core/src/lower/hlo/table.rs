//! Where HLO differs from StableHLO: how each operation and each of its attributes is called there.
//! The match is exhaustive, so that an operation without its HLO form does not compile.

use crate::lower::{AttrName, Opcode};
use AttrForm::*;
use Form::*;

/// The HLO form of an operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// The HLO instruction of this name, with the same operands and results.
    Op(&'static str),
    /// A call of a function of the program.
    Call,
    /// HLO has no such instruction, and programs for it hold none: their primitives lower themselves
    /// to calls of formulas.
    Missing,
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
pub(super) enum AttrForm {
    /// The same value under HLO's name.
    As(AttrName, &'static str),
    /// The precision of both operands of a product, if it is not the usual one.
    OperandPrecision,
    /// An integer, which HLO wants as a list of one.
    One(AttrName, &'static str),
    /// Dimension numbers: each list under its own name.
    Numbers(AttrName),
    /// Region number `.0` as a computation.
    Region(usize, &'static str),
    /// `start_indices`, `limit_indices` and `strides` as one.
    Slice,
    /// `edge_padding_low`, `edge_padding_high` and `interior_padding` as one.
    Padding,
    /// All that describes a window as one.
    Window,
}

impl AttrForm {
    /// The StableHLO attributes that it writes.
    pub(super) fn reads(&self) -> &[AttrName] {
        match self {
            As(name, _) | One(name, _) | Numbers(name) => std::slice::from_ref(name),
            Region(..) => &[],
            Slice => &[AttrName::StartIndices, AttrName::LimitIndices, AttrName::Strides],
            Padding => {
                &[AttrName::EdgePaddingLow, AttrName::EdgePaddingHigh, AttrName::InteriorPadding]
            }
            OperandPrecision => &[AttrName::PrecisionConfig],
            Window => WINDOW,
        }
    }
}

const WINDOW: &[AttrName] = &[
    AttrName::WindowDimensions,
    AttrName::WindowStrides,
    AttrName::Padding,
    AttrName::BaseDilations,
    AttrName::LhsDilation,
    AttrName::WindowDilations,
    AttrName::RhsDilation,
    AttrName::WindowReversal,
];

const DIMENSIONS: AttrForm = As(AttrName::Dimensions, "dimensions");
const TO_APPLY: AttrForm = Region(0, "to_apply");
const SORTED: AttrForm = As(AttrName::IndicesAreSorted, "indices_are_sorted");

/// The HLO form of an operation, and those of its attributes and regions.
pub(super) const fn form(opcode: Opcode) -> (Form, &'static [AttrForm]) {
    match opcode {
        Opcode::Chlo(_) => (Missing, &[]),
        Opcode::Abs => (Op("abs"), &[]),
        Opcode::Add => (Op("add"), &[]),
        Opcode::And => (Op("and"), &[]),
        Opcode::Atan2 => (Op("atan2"), &[]),
        Opcode::BitcastConvert => (Op("bitcast-convert"), &[]),
        Opcode::BroadcastInDim => (Broadcast, &[As(AttrName::BroadcastDimensions, "dimensions")]),
        Opcode::Call => (Call, &[]),
        Opcode::Case => (Branch, &[]),
        Opcode::Cbrt => (Op("cbrt"), &[]),
        Opcode::Ceil => (Op("ceil"), &[]),
        Opcode::Cholesky => (Op("cholesky"), &[As(AttrName::Lower, "lower")]),
        Opcode::Clamp => (Op("clamp"), &[]),
        Opcode::Compare => (
            Op("compare"),
            &[As(AttrName::ComparisonDirection, "direction"), As(AttrName::CompareType, "type")],
        ),
        Opcode::Complex => (Op("complex"), &[]),
        Opcode::Composite => (Missing, &[]),
        Opcode::Concatenate => (Op("concatenate"), &[One(AttrName::Dimension, "dimensions")]),
        Opcode::Constant => (Constant, &[]),
        Opcode::Convert => (Op("convert"), &[]),
        Opcode::Convolution => (
            Op("convolution"),
            &[
                Window,
                Numbers(AttrName::DimensionNumbers),
                As(AttrName::FeatureGroupCount, "feature_group_count"),
                As(AttrName::BatchGroupCount, "batch_group_count"),
                OperandPrecision,
            ],
        ),
        Opcode::Cosine => (Op("cosine"), &[]),
        Opcode::CountLeadingZeros => (Op("count-leading-zeros"), &[]),
        Opcode::CustomCall => {
            (Op("custom-call"), &[As(AttrName::CallTargetName, "custom_call_target")])
        }
        Opcode::Divide => (Op("divide"), &[]),
        Opcode::DotGeneral => {
            (Op("dot"), &[Numbers(AttrName::DotDimensionNumbers), OperandPrecision])
        }
        Opcode::DynamicSlice => {
            (Op("dynamic-slice"), &[As(AttrName::SliceSizes, "dynamic_slice_sizes")])
        }
        Opcode::DynamicUpdateSlice => (Op("dynamic-update-slice"), &[]),
        Opcode::Erf => (Op("erf"), &[]),
        Opcode::Exponential => (Op("exponential"), &[]),
        Opcode::ExponentialMinusOne => (Op("exponential-minus-one"), &[]),
        Opcode::Fft => {
            (Op("fft"), &[As(AttrName::FftType, "fft_type"), As(AttrName::FftLength, "fft_length")])
        }
        Opcode::Floor => (Op("floor"), &[]),
        Opcode::Gather => (
            Op("gather"),
            &[Numbers(AttrName::DimensionNumbers), As(AttrName::SliceSizes, "slice_sizes"), SORTED],
        ),
        Opcode::HostCall => (Missing, &[]),
        Opcode::If => (Branch, &[]),
        Opcode::Imag => (Op("imag"), &[]),
        Opcode::Iota => (Op("iota"), &[As(AttrName::IotaDimension, "iota_dimension")]),
        Opcode::IsFinite => (Op("is-finite"), &[]),
        Opcode::Log => (Op("log"), &[]),
        Opcode::LogPlusOne => (Op("log-plus-one"), &[]),
        Opcode::Logistic => (Op("logistic"), &[]),
        Opcode::Maximum => (Op("maximum"), &[]),
        Opcode::Minimum => (Op("minimum"), &[]),
        Opcode::Multiply => (Op("multiply"), &[]),
        Opcode::Negate => (Op("negate"), &[]),
        Opcode::Not => (Op("not"), &[]),
        Opcode::OptimizationBarrier => (Barrier, &[]),
        Opcode::Or => (Op("or"), &[]),
        Opcode::Pad => (Op("pad"), &[Padding]),
        Opcode::Popcnt => (Op("popcnt"), &[]),
        Opcode::Power => (Op("power"), &[]),
        Opcode::Real => (Op("real"), &[]),
        Opcode::Reduce => (Op("reduce"), &[DIMENSIONS, TO_APPLY]),
        Opcode::ReducePrecision => (
            Op("reduce-precision"),
            &[
                As(AttrName::ExponentBits, "exponent_bits"),
                As(AttrName::MantissaBits, "mantissa_bits"),
            ],
        ),
        Opcode::ReduceWindow => (Op("reduce-window"), &[Window, TO_APPLY]),
        Opcode::Remainder => (Op("remainder"), &[]),
        Opcode::Reshape => (Op("reshape"), &[]),
        Opcode::Reverse => (Op("reverse"), &[DIMENSIONS]),
        Opcode::RoundNearestEven => (Op("round-nearest-even"), &[]),
        Opcode::Rsqrt => (Op("rsqrt"), &[]),
        Opcode::Scatter => (
            Op("scatter"),
            &[
                Numbers(AttrName::ScatterDimensionNumbers),
                SORTED,
                As(AttrName::UniqueIndices, "unique_indices"),
                TO_APPLY,
            ],
        ),
        // On one device there is nothing to say.
        Opcode::ShardingConstraint => (Op("copy"), &[]),
        Opcode::Select => (Op("select"), &[]),
        Opcode::SelectAndScatter => {
            (Op("select-and-scatter"), &[Window, Region(0, "select"), Region(1, "scatter")])
        }
        Opcode::ShiftLeft => (Op("shift-left"), &[]),
        Opcode::ShiftRightArithmetic => (Op("shift-right-arithmetic"), &[]),
        Opcode::ShiftRightLogical => (Op("shift-right-logical"), &[]),
        Opcode::Sign => (Op("sign"), &[]),
        Opcode::Sine => (Op("sine"), &[]),
        Opcode::Slice => (Op("slice"), &[Slice]),
        Opcode::Sort => (
            Op("sort"),
            &[
                One(AttrName::Dimension, "dimensions"),
                As(AttrName::IsStable, "is_stable"),
                TO_APPLY,
            ],
        ),
        Opcode::Sqrt => (Op("sqrt"), &[]),
        Opcode::Subtract => (Op("subtract"), &[]),
        Opcode::Tan => (Op("tan"), &[]),
        Opcode::Tanh => (Op("tanh"), &[]),
        Opcode::TopK => (Op("topk"), &[As(AttrName::K, "k")]),
        Opcode::Transpose => (Op("transpose"), &[As(AttrName::Permutation, "dimensions")]),
        Opcode::TriangularSolve => (
            Op("triangular-solve"),
            &[
                As(AttrName::LeftSide, "left_side"),
                As(AttrName::Lower, "lower"),
                As(AttrName::UnitDiagonal, "unit_diagonal"),
                As(AttrName::TransposeA, "transpose_a"),
            ],
        ),
        Opcode::While => (While, &[]),
        Opcode::Xor => (Op("xor"), &[]),
    }
}
