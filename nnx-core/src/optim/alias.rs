//! The optimizers by their usual names: chains of the transformations.

use super::hyper::optimizer;
use super::{
    AddDecayedWeights, ClipByBlockRms, GradientTransformation, Params, Scale, ScaleByAdaDelta,
    ScaleByAdam, ScaleByAdamax, ScaleByAmsgrad, ScaleByBelief, ScaleByFactoredRms,
    ScaleByLearningRate, ScaleByLion, ScaleByParamBlockRms, ScaleByRadam, ScaleByRms, ScaleByRss,
    ScaleByTrustRatio, Trace, add_decayed_weights, clip_by_block_rms, scale, scale_by_adadelta,
    scale_by_adam, scale_by_adamax, scale_by_amsgrad, scale_by_belief, scale_by_factored_rms,
    scale_by_learning_rate, scale_by_lion, scale_by_param_block_rms, scale_by_radam, scale_by_rms,
    scale_by_rss, scale_by_trust_ratio, trace,
};

/// `None` passes updates on unchanged.
impl<T: GradientTransformation> GradientTransformation for Option<T> {
    type State = Option<T::State>;

    fn init(&self, params: &Params) -> Self::State {
        self.as_ref().map(|tx| tx.init(params))
    }

    fn update(&self, updates: Params, state: &mut Self::State, params: &Params) -> Params {
        match (self, state) {
            (Some(tx), Some(state)) => tx.update(updates, state, params),
            _ => updates,
        }
    }
}

optimizer! {
    Sgd;
    /// Stochastic gradient descent. `optax.sgd`.
    sgd {
        /// Adds a trace of past updates that decays by this at each step. Default: none.
        momentum: Option<f64> = None,
        /// Nesterov's momentum in place of the plain one. Default: false.
        nesterov: bool = false,
    }
    |o| -> (Option<Trace>, ScaleByLearningRate) {
        (
            o.momentum.map(|decay| trace(decay).nesterov(o.nesterov)),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}

optimizer! {
    Adam;
    /// Adam. `optax.adam`; with `nesterov` it is NAdam.
    ///
    /// Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014.
    adam {
        /// Decay of the running mean of updates. Default: 0.9.
        b1: f64 = 0.9,
        /// Decay of the running mean of squared updates. Default: 0.999.
        b2: f64 = 0.999,
        /// Added to the root of the second moment. Default: 1e-8.
        eps: f64 = 1e-8,
        /// Added below the root of the second moment. Default: 0.
        eps_root: f64 = 0.0,
        /// Nesterov's momentum. Default: false.
        nesterov: bool = false,
    }
    |o| -> (ScaleByAdam, ScaleByLearningRate) {
        let adam = scale_by_adam().b1(o.b1).b2(o.b2).eps(o.eps).eps_root(o.eps_root);
        (adam.nesterov(o.nesterov), scale_by_learning_rate(o.learning_rate.clone()))
    }
}

optimizer! {
    AdamW;
    /// Adam with decoupled weight decay. `optax.adamw`.
    ///
    /// Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019.
    adamw {
        /// Decay of the running mean of updates. Default: 0.9.
        b1: f64 = 0.9,
        /// Decay of the running mean of squared updates. Default: 0.999.
        b2: f64 = 0.999,
        /// Added to the root of the second moment. Default: 1e-8.
        eps: f64 = 1e-8,
        /// Added below the root of the second moment. Default: 0.
        eps_root: f64 = 0.0,
        /// How strongly parameters are pulled to zero, in units of the learning rate.
        /// Default: 1e-4.
        weight_decay: f64 = 1e-4,
        /// Nesterov's momentum. Default: false.
        nesterov: bool = false,
    }
    |o| -> (ScaleByAdam, AddDecayedWeights, ScaleByLearningRate) {
        let adam = scale_by_adam().b1(o.b1).b2(o.b2).eps(o.eps).eps_root(o.eps_root);
        (
            adam.nesterov(o.nesterov),
            add_decayed_weights(o.weight_decay),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}

optimizer! {
    Adamax;
    /// Adam by the largest update. `optax.adamax`; see [`scale_by_adamax`].
    adamax {
        /// Decay of the running mean of updates. Default: 0.9.
        b1: f64 = 0.9,
        /// Decay of the largest update. Default: 0.999.
        b2: f64 = 0.999,
        /// Added to the size of each update. Default: 1e-8.
        eps: f64 = 1e-8,
    }
    |o| -> (ScaleByAdamax, ScaleByLearningRate) {
        let adamax = scale_by_adamax().b1(o.b1).b2(o.b2).eps(o.eps);
        (adamax, scale_by_learning_rate(o.learning_rate.clone()))
    }
}

optimizer! {
    Amsgrad;
    /// Adam whose second moment never falls. `optax.amsgrad`; see [`scale_by_amsgrad`].
    amsgrad {
        /// Decay of the running mean of updates. Default: 0.9.
        b1: f64 = 0.9,
        /// Decay of the running mean of squared updates. Default: 0.999.
        b2: f64 = 0.999,
        /// Added to the root of the second moment. Default: 1e-8.
        eps: f64 = 1e-8,
    }
    |o| -> (ScaleByAmsgrad, ScaleByLearningRate) {
        let amsgrad = scale_by_amsgrad().b1(o.b1).b2(o.b2).eps(o.eps);
        (amsgrad, scale_by_learning_rate(o.learning_rate.clone()))
    }
}

optimizer! {
    Radam;
    /// Rectified Adam. `optax.radam`; see [`scale_by_radam`].
    radam {
        /// Decay of the running mean of updates. Default: 0.9.
        b1: f64 = 0.9,
        /// Decay of the running mean of squared updates. Default: 0.999.
        b2: f64 = 0.999,
        /// Added to the root of the second moment. Default: 1e-8.
        eps: f64 = 1e-8,
        /// From which length of the average on the second moment is used. Default: 5.
        threshold: f64 = 5.0,
    }
    |o| -> (ScaleByRadam, ScaleByLearningRate) {
        let radam = scale_by_radam().b1(o.b1).b2(o.b2).eps(o.eps).threshold(o.threshold);
        (radam, scale_by_learning_rate(o.learning_rate.clone()))
    }
}

optimizer! {
    AdaBelief;
    /// Adam by its belief in each update. `optax.adabelief`; see [`scale_by_belief`].
    adabelief {
        /// Decay of the running mean of updates. Default: 0.9.
        b1: f64 = 0.9,
        /// Decay of the running mean of squared distances. Default: 0.999.
        b2: f64 = 0.999,
        /// Added to the root of the second moment. Default: 1e-16.
        eps: f64 = 1e-16,
    }
    |o| -> (ScaleByBelief, ScaleByLearningRate) {
        let belief = scale_by_belief().b1(o.b1).b2(o.b2).eps(o.eps);
        (belief, scale_by_learning_rate(o.learning_rate.clone()))
    }
}

optimizer! {
    Lion;
    /// Steps of one size by sign. `optax.lion`; see [`scale_by_lion`].
    lion {
        /// Weight of the running mean in each step. Default: 0.9.
        b1: f64 = 0.9,
        /// Decay of the running mean. Default: 0.99.
        b2: f64 = 0.99,
        /// How strongly parameters are pulled to zero. Default: 1e-3.
        weight_decay: f64 = 1e-3,
    }
    |o| -> (ScaleByLion, AddDecayedWeights, ScaleByLearningRate) {
        (
            scale_by_lion().b1(o.b1).b2(o.b2),
            add_decayed_weights(o.weight_decay),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}

optimizer! {
    RmsProp;
    /// RMSProp. `optax.rmsprop`; see [`scale_by_rms`].
    rmsprop {
        /// Decay of the running mean of squares. Default: 0.9.
        decay: f64 = 0.9,
        /// Added below the root, or to it. Default: 1e-8.
        eps: f64 = 1e-8,
        /// Whether `eps` is added below the root. Default: true.
        eps_in_sqrt: bool = true,
        /// Where the running mean starts. Default: 0.
        initial_scale: f64 = 0.0,
        /// Decay of a trace of updates. Default: none.
        momentum: Option<f64> = None,
        /// Nesterov's momentum. Default: false.
        nesterov: bool = false,
    }
    |o| -> (ScaleByRms, ScaleByLearningRate, Option<Trace>) {
        let rms = scale_by_rms().decay(o.decay).eps(o.eps).eps_in_sqrt(o.eps_in_sqrt);
        (
            rms.initial_scale(o.initial_scale),
            scale_by_learning_rate(o.learning_rate.clone()),
            o.momentum.map(|decay| trace(decay).nesterov(o.nesterov)),
        )
    }
}

optimizer! {
    AdaGrad;
    /// AdaGrad. `optax.adagrad`; see [`scale_by_rss`].
    adagrad {
        /// Where the sum of squares starts. Default: 0.1.
        initial_accumulator_value: f64 = 0.1,
        /// Added below the root. Default: 1e-7.
        eps: f64 = 1e-7,
    }
    |o| -> (ScaleByRss, ScaleByLearningRate) {
        (
            scale_by_rss().initial_accumulator_value(o.initial_accumulator_value).eps(o.eps),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}

optimizer! {
    AdaDelta;
    /// AdaDelta. `optax.adadelta`; see [`scale_by_adadelta`].
    adadelta {
        /// Decay of both running means. Default: 0.9.
        rho: f64 = 0.9,
        /// Added below both roots. Default: 1e-6.
        eps: f64 = 1e-6,
        /// How strongly parameters are pulled to zero. Default: 0.
        weight_decay: f64 = 0.0,
    }
    |o| -> (AddDecayedWeights, ScaleByAdaDelta, ScaleByLearningRate) {
        (
            add_decayed_weights(o.weight_decay),
            scale_by_adadelta().rho(o.rho).eps(o.eps),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}

optimizer! {
    Lamb;
    /// Adam scaled to the norm of each parameter, for large batches. `optax.lamb`; see
    /// [`scale_by_trust_ratio`].
    lamb {
        /// Decay of the running mean of updates. Default: 0.9.
        b1: f64 = 0.9,
        /// Decay of the running mean of squared updates. Default: 0.999.
        b2: f64 = 0.999,
        /// Added to the root of the second moment. Default: 1e-6.
        eps: f64 = 1e-6,
        /// How strongly parameters are pulled to zero. Default: 0.
        weight_decay: f64 = 0.0,
    }
    |o| -> (ScaleByAdam, AddDecayedWeights, ScaleByTrustRatio, ScaleByLearningRate) {
        (
            scale_by_adam().b1(o.b1).b2(o.b2).eps(o.eps),
            add_decayed_weights(o.weight_decay),
            scale_by_trust_ratio(),
            scale_by_learning_rate(o.learning_rate.clone()),
        )
    }
}

optimizer! {
    Lars;
    /// Momentum scaled to the norm of each parameter, for large batches. `optax.lars`; see
    /// [`scale_by_trust_ratio`].
    ///
    /// Source: You et al., "Large Batch Training of Convolutional Networks", 2017.
    lars {
        /// How strongly parameters are pulled to zero. Default: 0.
        weight_decay: f64 = 0.0,
        /// The share of a parameter's norm that its update has. Default: 0.001.
        trust_coefficient: f64 = 0.001,
        /// Added to the update's norm. Default: 0.
        eps: f64 = 0.0,
        /// Decay of the trace of updates. Default: 0.9.
        momentum: f64 = 0.9,
        /// Nesterov's momentum. Default: false.
        nesterov: bool = false,
    }
    |o| -> (AddDecayedWeights, ScaleByTrustRatio, ScaleByLearningRate, Trace) {
        (
            add_decayed_weights(o.weight_decay),
            scale_by_trust_ratio().trust_coefficient(o.trust_coefficient).eps(o.eps),
            scale_by_learning_rate(o.learning_rate.clone()),
            trace(o.momentum).nesterov(o.nesterov),
        )
    }
}

/// The parts of [`adafactor`].
type AdafactorChain =
    (ScaleByFactoredRms, ClipByBlockRms, ScaleByLearningRate, ScaleByParamBlockRms, Scale);

optimizer! {
    Adafactor;
    /// Adafactor: little memory for large matrices. `optax.adafactor`; see
    /// [`scale_by_factored_rms`].
    adafactor {
        /// The least second largest size of a parameter that is factored. Default: 128.
        min_dim_size_to_factor: usize = 128,
        /// How the memory grows with the steps. Default: 0.8.
        decay_rate: f64 = 0.8,
        /// The largest root mean square of an update. Default: 1.
        clipping_threshold: f64 = 1.0,
        /// Added to squared updates. Default: 1e-30.
        eps: f64 = 1e-30,
    }
    |o| -> AdafactorChain {
        let rms = scale_by_factored_rms().decay_rate(o.decay_rate).epsilon(o.eps);
        (
            rms.min_dim_size_to_factor(o.min_dim_size_to_factor),
            clip_by_block_rms(o.clipping_threshold),
            scale_by_learning_rate(o.learning_rate.clone()).flip_sign(false),
            scale_by_param_block_rms(),
            scale(-1.0),
        )
    }
}
