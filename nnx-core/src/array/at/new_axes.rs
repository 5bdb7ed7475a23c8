//! New axes in an index: the array gets them, and the index takes them whole.

use super::{At, IndexItem, Item};
use crate::array::Operand;
use crate::graph::Array;
use crate::ops::ScatterKind;

/// An axis of size 1 at this place of an index, which the array does not have. `None` and `numpy.newaxis` in
/// NumPy's indices.
///
/// ```
/// use nnx::{Array, array::{Ellipsis, NewAxis}};
///
/// let x = Array::from([1, 2, 3]);
/// let column = x.at((.., NewAxis)).get();
/// assert_eq!(column.shape(), [3, 1]);
/// assert_eq!((column * &x).sum(..).item::<i32>(), 36); // all products
/// assert_eq!(x.at((NewAxis, Ellipsis, NewAxis)).get().shape(), [1, 3, 1]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NewAxis;

impl At {
    #[track_caller]
    pub(super) fn with_new_axes(self) -> At {
        if !self.items.iter().any(|item| matches!(item.0, Item::NewAxis)) {
            return self;
        }
        let shape = self.x.shape().to_vec();
        let named: usize = self.items.iter().map(|item| item.0.axes()).sum();
        let (mut rest, mut wide) = (&shape[..], Vec::new());
        for item in &self.items {
            let covers = match item.0 {
                Item::NewAxis => {
                    wide.push(1);
                    0
                }
                Item::Ellipsis => shape.len().saturating_sub(named),
                _ => item.0.axes(),
            };
            // An index with too many items is refused later.
            let (covered, others) = rest.split_at(covers.min(rest.len()));
            wide.extend(covered);
            rest = others;
        }
        wide.extend(rest);
        let whole = |item: &IndexItem| match item.0 {
            Item::NewAxis => IndexItem(Item::Static((..).into())),
            _ => item.clone(),
        };
        let items = self.items.iter().map(whole).collect();
        At { x: self.x.reshape(wide), items, without_new: Some(shape), ..self }
    }

    #[track_caller]
    pub(super) fn updated(self, kind: ScatterKind, values: &dyn Operand) -> Array {
        let shape = self.without_new.clone();
        without_new(shape, self.update(kind, values))
    }
}

/// An updated array in the shape that it had before it got new axes.
#[track_caller]
pub(super) fn without_new(shape: Option<Vec<usize>>, updated: Array) -> Array {
    match shape {
        Some(shape) => updated.reshape(shape),
        None => updated,
    }
}
