//! Whether a model and its gradients are those that an optimizer was made for.

use super::super::GradientTransformation;
use super::super::params::Params;
use super::{Optimizer, Shapes, SharedPlaces, shared_places};
use crate::error::Error;
use crate::graph::{Array, is_tracing};
use crate::module::Module;

impl<T: GradientTransformation> Optimizer<T> {
    /// Returns an error if other places of `tree` are one node than in the model that the
    /// optimizer was made for: a parameter that became a node of its own has no state here.
    pub(super) fn check_sharing<M: Module>(&self, tree: &M, name: &str) -> Result<(), Error> {
        let now = shared_places(tree);
        if self.shared == now {
            return Ok(());
        }
        let only = |a: &SharedPlaces, b: &SharedPlaces| {
            let (path, first) = a.iter().find(|pair| !b.contains(pair))?;
            Some(format!("`{path}` is `{first}`"))
        };
        let (before, after) = (only(&self.shared, &now), only(&now, &self.shared));
        let what = match (before, after) {
            (Some(pair), _) => {
                format!("{pair} in the model that this optimizer was made for, not here")
            }
            (_, Some(pair)) => {
                format!("{pair} here, not in the model that this optimizer was made for")
            }
            (None, None) => "the order of the nodes is another one".into(),
        };
        Err(Error::Invalid(format!(
            "Optimizer::update: the {name} shares other nodes: {what}. Make the optimizer for the model \
             that it updates, and take its gradient"
        )))
    }

    /// Returns an error if the state was made for parameters of other shapes. Inside of `vmap` all of them
    /// have fewer axes than outside of it, and so has the state: [`check_results`](Self::check_results) then
    /// decides.
    pub(super) fn check_shapes(&self, params: &Params) -> Result<(), Error> {
        let now = Shapes::of(params)?;
        if now == self.shapes || (is_tracing() && self.shapes.is_batch_of(&now)) {
            return Ok(());
        }
        Err(self.other_shapes(&self.shapes, &now))
    }

    /// Returns an error if an update would give a parameter another shape: the state has axes that the parameter
    /// has not.
    pub(super) fn check_results(&self, params: &Params, updated: &[Array]) -> Result<(), Error> {
        let before = Shapes::of(params)?;
        let updated = updated.iter().take(params.len()).cloned();
        let after = Shapes::of(&Params::from_layout(&self.wrt, updated))?;
        if before == after {
            return Ok(());
        }
        Err(self.other_shapes(&after, &before))
    }

    fn other_shapes(&self, made_for: &Shapes, now: &Shapes) -> Error {
        let shapes = made_for.iter().zip(now.iter()).zip(self.wrt.iter());
        let found = shapes.into_iter().find(|((before, now), _)| before != now);
        let what = found.map_or_else(String::new, |((before, now), place)| {
            let path = &place.path;
            format!("`{path}` is of shape {now:?}, and was of shape {before:?}")
        });
        Error::Invalid(format!(
            "Optimizer::update: the model has other shapes than the one that this optimizer was made for: \
             {what}. Make the optimizer for the model that it updates"
        ))
    }
}
