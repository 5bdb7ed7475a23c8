//! Layers, activations and initializers, with the names, fields and defaults of `flax.nnx`.

mod functions;
pub mod initializers;

pub use functions::{
    celu, elu, gelu, gelu_exact, glu, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, log_sigmoid,
    log_softmax, logaddexp, logsumexp, one_hot, relu, relu6, selu, sigmoid, silu, soft_sign,
    softmax, softplus, standardize, tanh,
};
pub use initializers::Initializer;
