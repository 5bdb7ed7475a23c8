//! Layers, activations and initializers, with the names, fields and defaults of `flax.nnx`.

mod arithmetic;
mod attention;
mod attention_masks;
mod attention_options;
mod builder;
mod by_address;
mod checks;
mod conv;
mod conv_transpose;
mod dropout;
mod dtypes;
mod einsum;
mod embed;
mod functions;
pub mod initializers;
mod layer;
mod linear;
mod linear_general;
mod list;
mod lora;
mod methods;
mod multi_head_attention;
mod norm;
mod pool;
mod prelu;
mod recurrent;
mod scaled;
mod sequential;
mod spectral_norm;
mod weight_norm;

pub use arithmetic::{
    Arithmetic, ConvGeneralDilatedFn, DotGeneralFn, PromoteDtype, PromoteDtypeFn,
};
pub use attention::{AttentionOptions, dot_product_attention, dot_product_attention_weights};
pub use attention_masks::{combine_masks, make_attention_mask, make_causal_mask};
pub use attention_options::MultiHeadAttentionOptions;
pub use conv::{Conv, ConvBuilder, ConvPadding, ConvWindow};
pub use conv_transpose::{ConvTranspose, ConvTransposeBuilder};
pub use dropout::{Dropout, DropoutBuilder, DropoutOptions};
pub use dtypes::promote_dtype;
pub use einsum::{Einsum, EinsumBuilder, EinsumOp};
pub use embed::{Embed, EmbedBuilder};
pub use functions::{
    celu, elu, gelu, gelu_exact, glu, hard_sigmoid, hard_silu, hard_swish, hard_tanh, identity,
    leaky_relu, log_sigmoid, log_softmax, log1mexp, logaddexp, logmeanexp, logsumexp, mish,
    one_hot, relu, relu6, selu, sigmoid, silu, soft_sign, softmax, softplus, sparse_plus,
    sparse_sigmoid, squareplus, standardize, swish, tanh,
};
pub use initializers::Initializer;
pub use layer::{Activation, ActivationFn, Layer};
pub use linear::{Linear, LinearBuilder};
pub use linear_general::{LinearGeneral, LinearGeneralBuilder};
pub use list::{AnyLayer, List};
pub use lora::{LoRA, LoRABuilder, LoRALinear, LoRALinearBuilder};
pub use multi_head_attention::{MultiHeadAttention, MultiHeadAttentionBuilder};
pub use norm::{
    BatchNorm, BatchNormBuilder, GroupNorm, GroupNormBuilder, InstanceNorm, InstanceNormBuilder,
    LayerNorm, LayerNormBuilder, RMSNorm, RMSNormBuilder,
};
pub use pool::{PoolOptions, WindowReduction, avg_pool, max_pool, min_pool, pool};
pub use prelu::{PReLU, PReLUBuilder};
pub use recurrent::{
    Bidirectional, BidirectionalBuilder, GRUCell, GRUCellBuilder, LSTMCell, LSTMCellBuilder,
    MergeFn, OptimizedLSTMCell, OptimizedLSTMCellBuilder, RNN, RNNBuilder, RNNCellBase, RNNOptions,
    SimpleCell, SimpleCellBuilder, flip_sequences,
};
pub use scaled::{scaled_dot, scaled_matmul};
pub use sequential::{Layers, Sequential};
pub use spectral_norm::{SpectralNorm, SpectralNormBuilder, SpectralStats};
pub use weight_norm::{WeightNorm, WeightNormBuilder};
