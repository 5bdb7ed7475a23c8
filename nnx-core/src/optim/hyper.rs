//! How transformations and optimizers are declared: their numbers with the defaults, and a method
//! for each that changes it.

/// Declares a gradient transformation: the struct of its numbers, the function that makes it with
/// the defaults, and the methods.
macro_rules! transformation {
    (
        $name:ident;
        $(#[$doc:meta])*
        $make:ident($($given:ident: $given_type:ty),*) {
            $($(#[$number_doc:meta])* $number:ident: $type:ty = $default:expr,)*
        }
    ) => {
        #[doc = concat!("See [`", stringify!($make), "`].")]
        #[derive(Debug, Clone, nnx_derive::Module)]
        #[module(crate = crate)]
        pub struct $name {
            $($given: $given_type,)*
            $($number: $type,)*
        }

        $(#[$doc])*
        pub fn $make($($given: $given_type),*) -> $name {
            $name { $($given,)* $($number: $default,)* }
        }

        impl $name {
            $(
                $(#[$number_doc])*
                pub fn $number(mut self, $number: $type) -> Self {
                    self.$number = $number;
                    self
                }
            )*
        }
    };
}

/// Declares an optimizer with a learning rate: a chain of transformations under one name.
macro_rules! optimizer {
    (
        $name:ident;
        $(#[$doc:meta])*
        $make:ident {
            $($(#[$number_doc:meta])* $number:ident: $type:ty = $default:expr,)*
        }
        |$this:ident| -> $chain:ty $body:block
    ) => {
        #[doc = concat!("See [`", stringify!($make), "`].")]
        #[derive(Debug, Clone, nnx_derive::Module)]
        #[module(crate = crate)]
        pub struct $name {
            learning_rate: $crate::optim::LearningRate,
            $($number: $type,)*
        }

        $(#[$doc])*
        pub fn $make(learning_rate: impl Into<$crate::optim::LearningRate>) -> $name {
            $name { learning_rate: learning_rate.into(), $($number: $default,)* }
        }

        impl $name {
            $(
                $(#[$number_doc])*
                pub fn $number(mut self, $number: $type) -> Self {
                    self.$number = $number;
                    self
                }
            )*

            fn chain(&self) -> $chain {
                let $this = self;
                $body
            }
        }

        impl $crate::optim::GradientTransformation for $name {
            type State = <$chain as $crate::optim::GradientTransformation>::State;

            fn init(&self, params: &$crate::optim::Params) -> Self::State {
                self.chain().init(params)
            }

            fn update(
                &self,
                updates: $crate::optim::Params,
                state: &mut Self::State,
                params: &$crate::optim::Params,
            ) -> $crate::optim::Params {
                self.chain().update(updates, state, params)
            }
        }
    };
}

pub(super) use {optimizer, transformation};
