//! How cells with gates are made.

/// Writes the builder of a cell with gates, the maps that it makes, and `new` and `builder` of the
/// cell itself.
macro_rules! gated_cell_builder {
    ($(#[$doc:meta])* $builder:ident $cell:ident) => {
        $crate::nn::builder::builder! {
            $(#[$doc])*
            $builder;
            given { in_features: usize, hidden_features: usize, }
            hidden {
                gate_fn: $crate::nn::Activation = $crate::nn::Activation::new($crate::nn::sigmoid),
                activation_fn: $crate::nn::Activation =
                    $crate::nn::Activation::new($crate::nn::tanh),
                promote_dtype: Option<$crate::nn::arithmetic::PromoteDtype> = None,
            }
            settings {
                /// The dtype of the parameters and of a first carry. Default: f32.
                param_dtype: $crate::value::DType = $crate::value::DType::F32,
                /// How the maps of the input start. Default:
                /// [`lecun_normal`](crate::nn::initializers::lecun_normal).
                kernel_init: $crate::nn::Initializer = $crate::nn::initializers::lecun_normal(),
                /// How the maps of the hidden state start. Default:
                /// [`orthogonal`](crate::nn::initializers::orthogonal).
                recurrent_kernel_init: $crate::nn::Initializer =
                    $crate::nn::initializers::orthogonal(1.0, -1),
                /// How the biases start. Default: zeros.
                bias_init: $crate::nn::Initializer = $crate::nn::initializers::zeros(),
                /// Notes on the kernels of the maps of the input. Default: none.
                kernel_metadata: $crate::module::Metadata = $crate::module::Metadata::default(),
                /// Notes on the kernels of the maps of the hidden state. Default: none.
                recurrent_kernel_metadata: $crate::module::Metadata =
                    $crate::module::Metadata::default(),
                /// Notes on the biases. Default: none.
                bias_metadata: $crate::module::Metadata = $crate::module::Metadata::default(),
            }
            optional {
                /// The dtype to compute in. Default: the promoted dtype of input and parameters.
                dtype: $crate::value::DType,
                /// How a first carry starts. Default: zeros.
                carry_init: $crate::nn::Initializer,
            }
        }

        $crate::nn::arithmetic::promote_dtype_setting!($builder);

        impl $builder {
            /// The activation function of the gates. Default: [`sigmoid`](crate::nn::sigmoid).
            pub fn gate_fn(mut self, f: $crate::nn::ActivationFn) -> $builder {
                self.gate_fn = $crate::nn::Activation::new(f);
                self
            }

            /// The activation function of the candidate, and of an LSTM's memory. Default:
            /// [`tanh`](crate::nn::tanh).
            pub fn activation_fn(mut self, f: $crate::nn::ActivationFn) -> $builder {
                self.activation_fn = $crate::nn::Activation::new(f);
                self
            }

            /// A map of the input to `n` gates.
            #[track_caller]
            fn of_input(
                &self,
                n: usize,
                use_bias: bool,
                rngs: &mut $crate::random::Rngs,
            ) -> $crate::nn::Linear {
                let start = (&self.kernel_init, &self.kernel_metadata);
                self.map(self.in_features, n, start, use_bias, rngs)
            }

            /// A map of the hidden state to `n` gates.
            #[track_caller]
            fn of_hidden(
                &self,
                n: usize,
                use_bias: bool,
                rngs: &mut $crate::random::Rngs,
            ) -> $crate::nn::Linear {
                let start = (&self.recurrent_kernel_init, &self.recurrent_kernel_metadata);
                self.map(self.hidden_features, n, start, use_bias, rngs)
            }

            #[track_caller]
            fn map(
                &self,
                inputs: usize,
                n: usize,
                (init, metadata): (&$crate::nn::Initializer, &$crate::module::Metadata),
                use_bias: bool,
                rngs: &mut $crate::random::Rngs,
            ) -> $crate::nn::Linear {
                $crate::nn::recurrent::check_sizes(
                    stringify!($cell),
                    self.in_features,
                    self.hidden_features,
                );
                let mut map = $crate::nn::Linear::builder(inputs, self.hidden_features.saturating_mul(n))
                    .use_bias(use_bias)
                    .param_dtype(self.param_dtype)
                    .kernel_init(init.clone())
                    .bias_init(self.bias_init.clone())
                    .kernel_metadata(metadata.clone())
                    .bias_metadata(self.bias_metadata.clone())
                    .build(rngs);
                map.dtype = self.dtype;
                map.arithmetic.promote_dtype = self.promote_dtype;
                map
            }
        }

        impl $cell {
            /// The cell with default settings.
            #[track_caller]
            pub fn new(
                in_features: usize,
                hidden_features: usize,
                rngs: &mut $crate::random::Rngs,
            ) -> $cell {
                $cell::builder(in_features, hidden_features).build(rngs)
            }

            /// A cell with other settings.
            pub fn builder(in_features: usize, hidden_features: usize) -> $builder {
                $builder::with_defaults(in_features, hidden_features)
            }
        }
    };
}
pub(super) use gated_cell_builder;
