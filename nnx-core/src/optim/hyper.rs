//! How transformations and optimizers are declared: one table of their numbers with the defaults,
//! from which come the struct, its methods, what the documentation says of the defaults, and the
//! optimizers that pass the numbers on.

/// Declares a gradient transformation: the struct of its numbers, the function that makes it with
/// the defaults, and a method for each number that changes it.
///
/// The `optimizers` below it have its numbers too, besides those of their own.
macro_rules! transformation {
    (
        $name:ident;
        $(#[$doc:meta])*
        $make:ident($($given:ident: $given_type:ty),*)
        $numbers:tt
        $(optimizers {$(
            $optimizer:ident;
            $(#[$optimizer_doc:meta])*
            $make_optimizer:ident
            $own:tt
            |$this:ident, $part:ident| -> $chain:ty $body:block
        )*})?
    ) => {
        transformation! { @declare $name; $(#[$doc])* $make($($given: $given_type),*) $numbers }
        $($(
            $crate::optim::hyper::optimizer! {
                $optimizer;
                $(#[$optimizer_doc])*
                $make_optimizer
                $own
                with $part: $name $numbers
                |$this| -> $chain $body
            }
        )*)?
    };
    (
        @declare $name:ident;
        $(#[$doc:meta])*
        $make:ident($($given:ident: $given_type:ty),*)
        { $($(#[$number_doc:meta])* $number:ident: $type:ty = $default:expr,)* }
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
            $($crate::optim::hyper::number! { $(#[$number_doc])* $number: $type = $default })*
        }
    };
}

/// Declares an optimizer with a learning rate: a chain of transformations under one name. Its
/// numbers are its own and those of the transformation `with` which it is declared.
macro_rules! optimizer {
    (
        $name:ident;
        $(#[$doc:meta])*
        $make:ident
        { $($(#[$number_doc:meta])* $number:ident: $type:ty = $default:expr,)* }
        $(with $part:ident: $part_type:ident {
            $($(#[$taken_doc:meta])* $taken:ident: $taken_type:ty = $taken_default:expr,)*
        })?
        |$this:ident| -> $chain:ty $body:block
    ) => {
        #[doc = concat!("See [`", stringify!($make), "`].")]
        #[derive(Debug, Clone, nnx_derive::Module)]
        #[module(crate = crate)]
        pub struct $name {
            learning_rate: $crate::optim::LearningRate,
            $($($taken: $taken_type,)*)?
            $($number: $type,)*
        }

        $(#[$doc])*
        pub fn $make(learning_rate: impl Into<$crate::optim::LearningRate>) -> $name {
            $name {
                learning_rate: learning_rate.into(),
                $($($taken: $taken_default,)*)?
                $($number: $default,)*
            }
        }

        impl $name {
            $($(
                $crate::optim::hyper::number! {
                    $(#[$taken_doc])* $taken: $taken_type = $taken_default
                }
            )*)?
            $($crate::optim::hyper::number! { $(#[$number_doc])* $number: $type = $default })*

            $crate::optim::hyper::learning_rate!();

            fn chain(&self) -> $chain {
                let $this = self;
                $(let $part = $part_type { $($taken: self.$taken,)* };)?
                $body
            }
        }

        impl $crate::optim::GradientTransformation for $name {
            type State = <$chain as $crate::optim::GradientTransformation>::State;

            fn init(&self, params: &$crate::optim::Params) -> Self::State {
                self.chain().init(params)
            }

            $crate::optim::extra::without_extra!();

            #[track_caller]
            fn update_with(
                &self,
                updates: $crate::optim::Params,
                state: &mut Self::State,
                params: &$crate::optim::Params,
                extra: &$crate::optim::ExtraArgs<'_>,
            ) -> $crate::optim::Params {
                self.chain().update_with(updates, state, params, extra)
            }

            fn takes_examples(&self) -> bool {
                self.chain().takes_examples()
            }
        }
    };
}

/// Declares an optimizer with a learning rate that is a transformation of its own, and not a chain of others.
macro_rules! rated {
    (
        $name:ident;
        $(#[$doc:meta])*
        $make:ident
        { $($(#[$number_doc:meta])* $number:ident: $type:ty = $default:expr,)* }
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
            $($crate::optim::hyper::number! { $(#[$number_doc])* $number: $type = $default })*

            $crate::optim::hyper::learning_rate!();
        }
    };
}

/// The methods that look at the learning rate and change it.
macro_rules! learning_rate {
    () => {
        /// The learning rate.
        pub fn learning_rate(&self) -> &$crate::optim::LearningRate {
            &self.learning_rate
        }

        $crate::optim::hyper::set_learning_rate!();
    };
}

/// The method that changes the learning rate.
macro_rules! set_learning_rate {
    () => {
        /// Sets the learning rate. A number or a schedule is a part of the program, so that a jitted
        /// function is compiled again for another one; an array is not.
        pub fn set_learning_rate(&mut self, learning_rate: impl Into<$crate::optim::LearningRate>) {
            self.learning_rate = learning_rate.into();
        }
    };
}

/// The method that changes a number.
macro_rules! number {
    ($(#[$doc:meta])* $number:ident: $type:ty = $default:expr) => {
        $(#[$doc])*
        #[doc = concat!("Default: `", stringify!($default), "`.")]
        pub fn $number(mut self, $number: $type) -> Self {
            self.$number = $number;
            self
        }
    };
}

pub(super) use {learning_rate, number, optimizer, rated, set_learning_rate, transformation};
