//! How norms are made: the settings that all of them have.

/// Writes the builder of a norm: its own settings, and those of what it learns, which is a scale, or
/// `scale and bias` where the norm subtracts the mean. The latter choose how the variance is
/// computed, too. Its `axes` are settings that take whatever names axes.
macro_rules! norm_builder {
    (
        $(#[$doc:meta])*
        $builder:ident: scale and bias;
        $(axes { $($axes:tt)* })?
        settings { $($settings:tt)* }
        optional { $($optional:tt)* }
    ) => {
        norm_builder! {
            $(#[$doc])*
            $builder: scale;
            $(axes { $($axes)* })?
            settings {
                $($settings)*
                /// Whether there is a bias. Default: true.
                use_bias: bool = true,
                /// How the bias starts. Default: zeros.
                bias_init: $crate::nn::initializers::Initializer =
                    $crate::nn::initializers::zeros(),
                /// Notes on the bias. Default: none.
                bias_metadata: $crate::module::Metadata = $crate::module::Metadata::default(),
                /// Whether the variance is E|x|² − |E x|², which takes one pass over the data but
                /// loses digits where the mean is large. Default: true.
                use_fast_variance: bool = true,
            }
            optional { $($optional)* }
        }

        impl $builder {
            /// In the order in which Flax makes them.
            #[track_caller]
            fn scale_and_bias(
                &self,
                rngs: &mut $crate::random::Rngs,
            ) -> [Option<$crate::module::Param>; 2] {
                let scale = self.scale(rngs);
                let bias = self.use_bias.then_some((&self.bias_init, &self.bias_metadata));
                [scale, $crate::nn::norm::learned(bias, self.num_features, self.param_dtype, rngs)]
            }
        }
    };
    (
        $(#[$doc:meta])*
        $builder:ident: scale;
        $(axes { $($(#[$axes_doc:meta])* $axes:ident,)* })?
        settings { $($settings:tt)* }
        optional { $($optional:tt)* }
    ) => {
        $crate::nn::builder::builder! {
            $(#[$doc])*
            $builder;
            given { num_features: usize, }
            hidden {
                $($($axes: Option<$crate::array::Axes> = None,)*)?
                promote_dtype: Option<$crate::nn::arithmetic::PromoteDtype> = None,
            }
            settings {
                $($settings)*
                /// The dtype of the parameters. Default: f32.
                param_dtype: $crate::value::DType = $crate::value::DType::F32,
                /// Whether there is a scale; not needed before a linear layer. Default: true.
                use_scale: bool = true,
                /// How the scale starts. Default: ones.
                scale_init: $crate::nn::initializers::Initializer =
                    $crate::nn::initializers::ones(),
                /// Notes on the scale. Default: none.
                scale_metadata: $crate::module::Metadata = $crate::module::Metadata::default(),
            }
            optional {
                $($optional)*
                /// The dtype of the result. Default: the promoted dtype of input and parameters.
                dtype: $crate::value::DType,
            }
        }

        $crate::nn::arithmetic::promote_dtype_setting!($builder);

        impl $builder {
            $($(
                $(#[$axes_doc])*
                pub fn $axes(mut self, $axes: impl $crate::array::IntoAxes) -> $builder {
                    self.$axes = Some($axes.into_axes());
                    self
                }
            )*)?

            #[track_caller]
            fn scale(&self, rngs: &mut $crate::random::Rngs) -> Option<$crate::module::Param> {
                let layer = stringify!($builder).trim_end_matches("Builder");
                $crate::nn::checks::positive(layer, &[("num_features", &[self.num_features])]);
                let scale = self.use_scale.then_some((&self.scale_init, &self.scale_metadata));
                $crate::nn::norm::learned(scale, self.num_features, self.param_dtype, rngs)
            }
        }
    };
}
pub(super) use norm_builder;
