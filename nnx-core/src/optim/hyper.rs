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
        $make:ident($($given:ident: $given_type:ident),*)
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
        $make:ident($($given:ident: $given_type:ident),*)
        { $($(#[$number_doc:meta])* $number:ident: $type:tt $(<$of:ident>)? = $default:expr,)* }
    ) => {
        #[doc = concat!("See [`", stringify!($make), "`].")]
        #[derive(Debug, Clone, nnx_derive::Module)]
        #[module(crate = crate)]
        pub struct $name {
            $($given: $given_type,)*
            $($number: $type $(<$of>)?,)*
        }

        $(#[$doc])*
        pub fn $make($($given: $crate::optim::hyper::given!($given_type)),*) -> $name {
            $name {
                $($given: $crate::optim::hyper::taken!($given_type, $given),)*
                $($number: $crate::optim::hyper::taken!($type, $default),)*
            }
        }

        impl $name {
            $($crate::optim::hyper::number! { $(#[$number_doc])* $number: $type $(<$of>)? = $default })*
        }

        $crate::optim::hyper::hyperparams! {
            $name { $($given: $given_type,)* $($number: $type $(<$of>)?,)* }
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
        { $($(#[$number_doc:meta])* $number:ident: $type:tt $(<$of:ident>)? = $default:expr,)* }
        $(with $part:ident: $part_type:ident {
            $($(#[$taken_doc:meta])* $taken:ident: $taken_type:tt $(<$taken_of:ident>)? = $taken_default:expr,)*
        })?
        |$this:ident| -> $chain:ty $body:block
    ) => {
        #[doc = concat!("See [`", stringify!($make), "`].")]
        #[derive(Debug, Clone, nnx_derive::Module)]
        #[module(crate = crate)]
        pub struct $name {
            learning_rate: $crate::optim::LearningRate,
            $($($taken: $taken_type $(<$taken_of>)?,)*)?
            $($number: $type $(<$of>)?,)*
        }

        $(#[$doc])*
        pub fn $make(learning_rate: impl Into<$crate::optim::LearningRate>) -> $name {
            $name {
                learning_rate: learning_rate.into(),
                $($($taken: $crate::optim::hyper::taken!($taken_type, $taken_default),)*)?
                $($number: $crate::optim::hyper::taken!($type, $default),)*
            }
        }

        impl $name {
            $($(
                $crate::optim::hyper::number! {
                    $(#[$taken_doc])* $taken: $taken_type $(<$taken_of>)? = $taken_default
                }
            )*)?
            $($crate::optim::hyper::number! { $(#[$number_doc])* $number: $type $(<$of>)? = $default })*

            $crate::optim::hyper::learning_rate!();

            fn chain(&self) -> $chain {
                let $this = self;
                $(let $part = $part_type { $($taken: Clone::clone(&self.$taken),)* };)?
                $body
            }
        }

        $crate::optim::hyper::hyperparams! {
            $name {
                learning_rate: Hyperparam,
                $($($taken: $taken_type $(<$taken_of>)?,)*)?
                $($number: $type $(<$of>)?,)*
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
        { $($(#[$number_doc:meta])* $number:ident: $type:tt $(<$of:ident>)? = $default:expr,)* }
    ) => {
        #[doc = concat!("See [`", stringify!($make), "`].")]
        #[derive(Debug, Clone, nnx_derive::Module)]
        #[module(crate = crate)]
        pub struct $name {
            learning_rate: $crate::optim::LearningRate,
            $($number: $type $(<$of>)?,)*
        }

        $(#[$doc])*
        pub fn $make(learning_rate: impl Into<$crate::optim::LearningRate>) -> $name {
            $name {
                learning_rate: learning_rate.into(),
                $($number: $crate::optim::hyper::taken!($type, $default),)*
            }
        }

        impl $name {
            $($crate::optim::hyper::number! { $(#[$number_doc])* $number: $type $(<$of>)? = $default })*

            $crate::optim::hyper::learning_rate!();
        }

        $crate::optim::hyper::hyperparams! {
            $name { learning_rate: Hyperparam, $($number: $type $(<$of>)?,)* }
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
    ($(#[$doc:meta])* $number:ident: Hyperparam = $default:expr) => {
        $(#[$doc])*
        #[doc = concat!("Default: `", stringify!($default), "`.")]
        pub fn $number(mut self, $number: impl Into<$crate::optim::Hyperparam>) -> Self {
            self.$number = $number.into();
            self
        }
    };
    ($(#[$doc:meta])* $number:ident: Option<Hyperparam> = $default:expr) => {
        $(#[$doc])*
        #[doc = concat!("Default: `", stringify!($default), "`.")]
        pub fn $number(mut self, $number: Option<impl Into<$crate::optim::Hyperparam>>) -> Self {
            self.$number = $number.map(Into::into);
            self
        }
    };
    ($(#[$doc:meta])* $number:ident: $type:ty = $default:expr) => {
        $(#[$doc])*
        #[doc = concat!("Default: `", stringify!($default), "`.")]
        pub fn $number(mut self, $number: $type) -> Self {
            self.$number = $number;
            self
        }
    };
}

/// The type in which a function takes a number.
macro_rules! given {
    (Hyperparam) => { impl Into<$crate::optim::Hyperparam> };
    ($type:ident) => { $type };
}

/// A number as its field keeps it.
macro_rules! taken {
    (Hyperparam, $value:expr) => {
        Into::<$crate::optim::Hyperparam>::into($value)
    };
    ($type:tt, $value:expr) => {
        $value
    };
}

/// Those of the numbers that may be arrays, by name.
macro_rules! hyperparams {
    ($name:ident { $($number:ident: $type:tt $(<$of:ident>)?,)* }) => {
        impl $crate::optim::Hyperparams for $name {
            fn hyperparams_mut(
                &mut self,
            ) -> Vec<(&'static str, &mut $crate::optim::Hyperparam)> {
                let all: Vec<Option<(&'static str, &mut $crate::optim::Hyperparam)>> = vec![
                    $($crate::optim::hyper::hyperparams!(@of self, $number: $type $(<$of>)?)),*
                ];
                all.into_iter().flatten().collect()
            }
        }
    };
    (@of $this:ident, $number:ident: Hyperparam) => {
        Some((stringify!($number), &mut $this.$number))
    };
    (@of $this:ident, $number:ident: LearningRate) => {
        Some((stringify!($number), &mut $this.$number))
    };
    (@of $this:ident, $number:ident: Option<Hyperparam>) => {
        $this.$number.as_mut().map(|number| (stringify!($number), number))
    };
    (@of $this:ident, $number:ident: $type:ty) => { None };
}

pub(super) use {
    given, hyperparams, learning_rate, number, optimizer, rated, set_learning_rate, taken,
    transformation,
};
