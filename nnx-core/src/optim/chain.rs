//! Tuples of gradient transformations are chains; an option is one that may be left out.

use super::extra::without_extra;
use super::{ExtraArgs, GradientTransformation, Params};

macro_rules! chain {
    ($($t:ident $i:tt),*) => {
        impl<$($t: GradientTransformation),*> GradientTransformation for ($($t,)*) {
            type State = ($($t::State,)*);

            #[track_caller]
            #[allow(clippy::unused_unit)]
            fn init(&self, _params: &Params) -> Self::State {
                ($(self.$i.init(_params),)*)
            }

            without_extra!();

            #[track_caller]
            fn update_with(
                &self,
                updates: Params,
                _state: &mut Self::State,
                _params: &Params,
                _extra: &ExtraArgs<'_>,
            ) -> Params {
                $(let updates = self.$i.update_with(updates, &mut _state.$i, _params, _extra);)*
                updates
            }

            /// The first one gets the gradients.
            fn takes_examples(&self) -> bool {
                let each: &[bool] = &[$(self.$i.takes_examples()),*];
                each.first().copied().unwrap_or_default()
            }
        }
    };
}
chain!();
chain!(A 0);
chain!(A 0, B 1);
chain!(A 0, B 1, C 2);
chain!(A 0, B 1, C 2, D 3);
chain!(A 0, B 1, C 2, D 3, E 4);
chain!(A 0, B 1, C 2, D 3, E 4, F 5);
chain!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
chain!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

/// `None` passes updates on unchanged.
impl<T: GradientTransformation> GradientTransformation for Option<T> {
    type State = Option<T::State>;

    fn init(&self, params: &Params) -> Self::State {
        self.as_ref().map(|tx| tx.init(params))
    }

    without_extra!();

    #[track_caller]
    fn update_with(
        &self,
        updates: Params,
        state: &mut Self::State,
        params: &Params,
        extra: &ExtraArgs<'_>,
    ) -> Params {
        match (self, state) {
            (Some(tx), Some(state)) => tx.update_with(updates, state, params, extra),
            _ => updates,
        }
    }
    fn takes_examples(&self) -> bool {
        self.as_ref().is_some_and(T::takes_examples)
    }
}
