//! The names of instructions and attributes, each with the word that StableHLO's text has for it.

macro_rules! words {
    (
        $(#[$doc:meta])*
        $name:ident { $($case:ident = $word:literal),* $(,)? }
        $($(#[$inner_doc:meta])* $outer:ident($inner:ident))?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum $name {
            $($case,)*
            $($(#[$inner_doc])* $outer($inner),)?
        }

        impl $name {
            /// Its name in StableHLO's text.
            pub(crate) const fn text(self) -> &'static str {
                match self {
                    $($name::$case => $word,)*
                    $($name::$outer(inner) => inner.text(),)?
                }
            }
        }
    };
}

words! {
    /// The operation of an instruction. Each has its HLO form in `lower/hlo/table.rs`.
    Opcode {
        Abs = "stablehlo.abs",
        Add = "stablehlo.add",
        And = "stablehlo.and",
        Atan2 = "stablehlo.atan2",
        BitcastConvert = "stablehlo.bitcast_convert",
        BroadcastInDim = "stablehlo.broadcast_in_dim",
        Call = "func.call",
        Case = "stablehlo.case",
        Cbrt = "stablehlo.cbrt",
        Ceil = "stablehlo.ceil",
        Cholesky = "stablehlo.cholesky",
        Clamp = "stablehlo.clamp",
        Compare = "stablehlo.compare",
        Complex = "stablehlo.complex",
        Composite = "stablehlo.composite",
        Concatenate = "stablehlo.concatenate",
        Constant = "stablehlo.constant",
        Convert = "stablehlo.convert",
        Convolution = "stablehlo.convolution",
        Cosine = "stablehlo.cosine",
        CountLeadingZeros = "stablehlo.count_leading_zeros",
        CustomCall = "stablehlo.custom_call",
        Divide = "stablehlo.divide",
        DotGeneral = "stablehlo.dot_general",
        DynamicSlice = "stablehlo.dynamic_slice",
        DynamicUpdateSlice = "stablehlo.dynamic_update_slice",
        Erf = "chlo.erf",
        Exponential = "stablehlo.exponential",
        ExponentialMinusOne = "stablehlo.exponential_minus_one",
        Fft = "stablehlo.fft",
        Floor = "stablehlo.floor",
        Gather = "stablehlo.gather",
        HostCall = "stablehlo.custom_call",
        If = "stablehlo.if",
        Imag = "stablehlo.imag",
        Iota = "stablehlo.iota",
        IsFinite = "stablehlo.is_finite",
        Log = "stablehlo.log",
        LogPlusOne = "stablehlo.log_plus_one",
        Logistic = "stablehlo.logistic",
        Maximum = "stablehlo.maximum",
        Minimum = "stablehlo.minimum",
        Multiply = "stablehlo.multiply",
        Negate = "stablehlo.negate",
        Not = "stablehlo.not",
        OptimizationBarrier = "stablehlo.optimization_barrier",
        Or = "stablehlo.or",
        Pad = "stablehlo.pad",
        Popcnt = "stablehlo.popcnt",
        Power = "stablehlo.power",
        Real = "stablehlo.real",
        Reduce = "stablehlo.reduce",
        ReducePrecision = "stablehlo.reduce_precision",
        ReduceWindow = "stablehlo.reduce_window",
        Remainder = "stablehlo.remainder",
        Reshape = "stablehlo.reshape",
        Reverse = "stablehlo.reverse",
        RoundNearestEven = "stablehlo.round_nearest_even",
        Rsqrt = "stablehlo.rsqrt",
        Scatter = "stablehlo.scatter",
        Select = "stablehlo.select",
        SelectAndScatter = "stablehlo.select_and_scatter",
        ShardingConstraint = "sdy.sharding_constraint",
        ShiftLeft = "stablehlo.shift_left",
        ShiftRightArithmetic = "stablehlo.shift_right_arithmetic",
        ShiftRightLogical = "stablehlo.shift_right_logical",
        Sign = "stablehlo.sign",
        Sine = "stablehlo.sine",
        Slice = "stablehlo.slice",
        Sort = "stablehlo.sort",
        Sqrt = "stablehlo.sqrt",
        Subtract = "stablehlo.subtract",
        Tan = "stablehlo.tan",
        Tanh = "stablehlo.tanh",
        TopK = "chlo.top_k",
        Transpose = "stablehlo.transpose",
        TriangularSolve = "stablehlo.triangular_solve",
        While = "stablehlo.while",
        Xor = "stablehlo.xor",
    }
    /// A function that HLO has no instruction for.
    Chlo(Chlo)
}

words! {
    /// Functions of the dialect CHLO that HLO has no instructions for. For HLO a primitive lowers
    /// itself to a call of their formula, of which each has one in `ops/expansion`.
    Chlo {
        Acos = "chlo.acos",
        Acosh = "chlo.acosh",
        Asin = "chlo.asin",
        Asinh = "chlo.asinh",
        Atanh = "chlo.atanh",
        BesselI1e = "chlo.bessel_i1e",
        Cosh = "chlo.cosh",
        Digamma = "chlo.digamma",
        ErfInv = "chlo.erf_inv",
        Erfc = "chlo.erfc",
        Lgamma = "chlo.lgamma",
        NextAfter = "chlo.next_after",
        Polygamma = "chlo.polygamma",
        Sinh = "chlo.sinh",
        Zeta = "chlo.zeta",
    }
}

words! {
    /// The name of an attribute.
    AttrName {
        ApiVersion = "api_version",
        BackendConfig = "backend_config",
        BaseDilations = "base_dilations",
        BatchGroupCount = "batch_group_count",
        BroadcastDimensions = "broadcast_dimensions",
        CallTargetName = "call_target_name",
        Callee = "callee",
        CompareType = "compare_type",
        ComparisonDirection = "comparison_direction",
        Decomposition = "decomposition",
        Dimension = "dimension",
        DimensionNumbers = "dimension_numbers",
        Dimensions = "dimensions",
        DotDimensionNumbers = "dot_dimension_numbers",
        EdgePaddingHigh = "edge_padding_high",
        EdgePaddingLow = "edge_padding_low",
        ExponentBits = "exponent_bits",
        FeatureGroupCount = "feature_group_count",
        FftLength = "fft_length",
        FftType = "fft_type",
        HasSideEffect = "has_side_effect",
        IndicesAreSorted = "indices_are_sorted",
        InteriorPadding = "interior_padding",
        IotaDimension = "iota_dimension",
        IsStable = "is_stable",
        K = "k",
        LeftSide = "left_side",
        LhsDilation = "lhs_dilation",
        LimitIndices = "limit_indices",
        Lower = "lower",
        MantissaBits = "mantissa_bits",
        Name = "name",
        OperandLayouts = "operand_layouts",
        Padding = "padding",
        Permutation = "permutation",
        PrecisionConfig = "precision_config",
        ResultLayouts = "result_layouts",
        RhsDilation = "rhs_dilation",
        ScatterDimensionNumbers = "scatter_dimension_numbers",
        Sharding = "sharding",
        SliceSizes = "slice_sizes",
        StartIndices = "start_indices",
        Strides = "strides",
        TransposeA = "transpose_a",
        UniqueIndices = "unique_indices",
        UnitDiagonal = "unit_diagonal",
        Value = "value",
        Version = "version",
        WindowDilations = "window_dilations",
        WindowDimensions = "window_dimensions",
        WindowReversal = "window_reversal",
        WindowStrides = "window_strides",
    }
}
