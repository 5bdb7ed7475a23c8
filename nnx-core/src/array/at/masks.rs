//! Boolean masks in an index: the axes that a mask covers are named by the places where it is true.

use super::{At, IndexItem, Item, OP, check_values, combine};
use crate::array::axes::invalid;
use crate::array::select;
use crate::error::or_raise;
use crate::graph::Array;
use crate::ops::ScatterKind;
use crate::value::DType;

impl Item {
    /// How many axes it stands for; an ellipsis takes what the others leave.
    pub(super) fn axes(&self) -> usize {
        match self {
            Item::Ellipsis | Item::NewAxis => 0,
            Item::Positions(mask) if mask.dtype() == DType::Bool => mask.rank(),
            Item::Static(_) | Item::Positions(_) => 1,
        }
    }

    fn mask(&self) -> Option<&Array> {
        match self {
            Item::Positions(mask) if mask.dtype() == DType::Bool => Some(mask),
            _ => None,
        }
    }
}

impl At {
    /// The index with positions in place of its masks.
    ///
    /// How many places a mask names depends on its elements, so that they must be known.
    #[track_caller]
    pub(super) fn without_masks(self) -> At {
        if !self.items.iter().any(|item| item.0.mask().is_some()) {
            return self;
        }
        self.check_masks();
        let mut items = Vec::new();
        for item in &self.items {
            let Some(mask) = item.0.mask() else {
                items.push(item.clone());
                continue;
            };
            if mask.is_traced() {
                let message = format!(
                    "how many elements the mask {} names is not known while tracing: update with \
                     values that do not depend on the number (a scalar), or use `where_`, or \
                     `extract` with a size",
                    mask.aval()
                );
                invalid(OP, message);
            }
            items.extend(places(mask).into_iter().map(IndexItem::from));
        }
        // No mask names a place twice.
        let arrays = |item: &IndexItem| matches!(&item.0, Item::Positions(_));
        let masks_only =
            self.items.iter().filter(|item| arrays(item)).all(|item| item.0.mask().is_some());
        At { unique: self.unique || masks_only, items, ..self }
    }

    /// Masks must have the sizes of the axes that they cover.
    #[track_caller]
    fn check_masks(&self) {
        let (rank, named) = (self.x.rank(), self.items.iter().map(|i| i.0.axes()).sum::<usize>());
        let mut d = 0;
        for item in &self.items {
            if let Some(mask) = item.0.mask() {
                let covered = self.x.shape().get(d..d + mask.rank());
                if mask.rank() == 0 || covered != Some(mask.shape()) {
                    let (mask, x) = (mask.aval(), self.x.aval());
                    invalid(OP, format!("the mask {mask} does not fit {x} from axis {d} on"));
                }
            }
            d += match item.0 {
                Item::Ellipsis => rank.saturating_sub(named),
                _ => item.0.axes(),
            };
        }
    }

    /// The mask of an index that is nothing but one, over the first axes.
    pub(super) fn sole_mask(&self) -> Option<&Array> {
        match self.items.as_slice() {
            [IndexItem(item)] | [IndexItem(item), IndexItem(Item::Ellipsis)] => item.mask(),
            _ => None,
        }
    }

    /// The array with values that are the same at each place of a mask: a choice, element by element,
    /// that need not know how many places there are. `None` where this is not such an update.
    #[track_caller]
    pub(super) fn update_masked(&self, kind: ScatterKind, values: &Array) -> Option<Array> {
        let mask = self.sole_mask()?;
        self.check_masks();
        let rest = &self.x.shape()[mask.rank()..];
        let alike = values.rank() <= rest.len()
            || (values.rank() == rest.len() + 1 && values.shape()[0] == 1);
        if !alike {
            return None;
        }
        check_values(self.x.aval(), values, &[&[1], rest].concat());
        let args = [self.x.clone(), mask.clone(), values.clone()];
        Some(crate::array::one_program("update", &args, |args| {
            let (x, shape) = (&args[0], self.x.shape());
            let ones = vec![1; rest.len()];
            let mask = args[1].reshape([mask.shape(), &ones].concat()).broadcast_to_dims(shape);
            let values = match args[2].rank() > rest.len() {
                true => args[2].squeeze(0),
                false => args[2].clone(),
            };
            let values = values.broadcast_to_dims(shape);
            select(&mask, combine(kind, x, values), x)
        }))
    }
}

/// For each axis of a mask the positions where it is true. Read on the host, so that a known mask
/// serves inside a trace too, where operations on it would be recorded.
#[track_caller]
fn places(mask: &Array) -> Vec<Array> {
    let values = or_raise(mask.try_to_vec::<bool>());
    let mut columns = vec![Vec::new(); mask.rank()];
    for mut flat in (0..values.len()).filter(|&i| values[i]) {
        for (column, &n) in columns.iter_mut().zip(mask.shape()).rev() {
            column.push((flat % n) as i64);
            flat /= n;
        }
    }
    columns.iter().map(|column| Array::from_slice(column, [column.len()])).collect()
}
