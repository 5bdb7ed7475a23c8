//! Connectionist temporal classification.

use super::{check_float, loss};
use crate::array::{
    AsArray, concatenate, full, invalid, keepdims, logaddexp, logsumexp, select, stack, where_,
};
use crate::graph::Array;
use crate::transform::{over, scan};
use crate::value::DType;

/// The logarithm that stands for a probability of 0, as in Optax: a finite one has slopes.
const LOG_ZERO: f64 = -1e5;

/// Minus the logarithm of the probability that a sequence of frames spells a sequence of labels, if repeated labels
/// are merged and then blanks dropped; `[batch]`, computed in f32 for f16 and bf16, and of that dtype.
/// `optax.ctc_loss`.
///
/// - `logits` `[batch, frames, classes]`: scores of the classes in each frame, `blank_id` (usually 0) among them;
/// - `logit_paddings` `[batch, frames]`: 1 for a frame that is not there, 0 otherwise;
/// - `labels` `[batch, length]`: class numbers; one that is not of a class, and not padded, makes the loss NaN;
/// - `label_paddings` `[batch, length]`: 1 for a label that is not there; these stand at the end.
///
/// Labels that do not fit into the frames give a loss of about 1e5.
///
/// Source: Graves et al., "Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent
/// Neural Networks", 2006.
///
/// ```
/// use nnx_core::optim::losses::ctc_loss;
/// use nnx_core::{Array, DType, array::zeros};
///
/// // Two frames over three classes, all equally likely: 3 of the 9 paths spell the label 1.
/// let (logits, no_padding) = (zeros([1, 2, 3], DType::F32), zeros([1, 2], DType::F32));
/// let labels = Array::from_slice(&[1_i32], [1, 1]);
/// let loss = ctc_loss(&logits, &no_padding, &labels, &zeros([1, 1], DType::F32), 0);
/// assert!((loss.item::<f32>() - 3.0_f32.ln()).abs() < 1e-5);
/// ```
///
/// # Panics
/// Panics if `logits` are not floats or `labels` no integers, the shapes do not fit, or `blank_id` is not a class.
#[track_caller]
pub fn ctc_loss(
    logits: impl AsArray,
    logit_paddings: impl AsArray,
    labels: impl AsArray,
    label_paddings: impl AsArray,
    blank_id: usize,
) -> Array {
    let (logits, logit_paddings, labels, label_paddings) = (
        logits.as_array(),
        logit_paddings.as_array(),
        labels.as_array(),
        label_paddings.as_array(),
    );
    const NAME: &str = "ctc_loss";
    check_float(NAME, "logits", logits);
    let &[batch, frames, classes] = logits.shape() else {
        invalid(NAME, format!("needs logits [batch, frames, classes], got {}", logits.aval()))
    };
    let length = match *labels.shape() {
        [n, length] if n == batch && labels.dtype().is_int() => length,
        _ => {
            invalid(NAME, format!("needs integer labels [{batch}, length], got {}", labels.aval()))
        }
    };
    let paddings = [
        ("logit_paddings", logit_paddings, [batch, frames]),
        ("label_paddings", label_paddings, [batch, length]),
    ];
    for (what, array, shape) in paddings {
        if array.shape() != shape {
            invalid(NAME, format!("needs {what} {shape:?}, got {}", array.aval()));
        }
    }
    if blank_id >= classes {
        invalid(NAME, format!("the blank is class {blank_id}, and there are {classes} classes"));
    }
    loss(NAME, &[logits, logit_paddings, labels, label_paddings], |args| {
        let logits = args[0].to_wide();
        let dtype = logits.dtype();
        // A class that a logit of −∞ rules out has slopes too.
        let log_probs = (&logits - logsumexp(&logits, keepdims(-1))).maximum(LOG_ZERO);
        // Whatever stands in the place of a label that is not there.
        let labels = args[2].astype(DType::I32);
        let labels = where_(args[3].ne(0), blank_id as i32, &labels);
        // The states: a blank before each label and after the last one.
        let states = 2 * length + 1;
        let blank = labels.full_like(blank_id as f64);
        let pairs = stack(&[&blank, &labels], 2).reshape([batch, 2 * length]);
        let spelled = concatenate(&[&pairs, &full([batch, 1], blank_id as f64, DType::I32)], 1);
        let index = spelled.expand_dims(1).broadcast_to([batch, frames, states]);
        let emitted = log_probs.take_along_axis(&index, 2);
        // A label may follow the one before without a blank between if it is another one.
        let first = full([batch, states.min(2)], 0.0, DType::Bool);
        let differs = match states.checked_sub(2) {
            None | Some(0) => first,
            Some(n) => {
                let (later, earlier) = (
                    spelled.slice([(..).into(), (2..).into()]),
                    spelled.slice([(..).into(), (..n).into()]),
                );
                concatenate(&[&first, &later.ne(earlier)], 1)
            }
        };
        let start = full([batch, states], LOG_ZERO, dtype);
        let start = start.at((.., 0)).set(0.0);
        let behind = |x: &Array, by: usize| {
            let kept = x.slice([(..).into(), (..states - by).into()]);
            concatenate(&[&full([batch, by], LOG_ZERO, dtype), &kept], 1)
        };
        let step = |alpha: Array, (emitted, padded): (&Array, &Array)| {
            let mut next = logaddexp(&alpha, behind(&alpha, 1));
            if states > 2 {
                let jump = where_(&differs, behind(&alpha, 2), LOG_ZERO);
                next = logaddexp(&next, &jump);
            }
            let next = next + emitted;
            (select(padded.expand_dims(1).broadcast_to([batch, states]), &alpha, &next), ())
        };
        let padded = args[1].ne(0).t();
        let (alpha, ()) = scan(step, start, over((&emitted.swapaxes(0, 1), &padded)));
        // The last label, or the blank after it.
        let lengths = (1 - args[3].ne(0).astype(DType::I32)).sum(1).expand_dims(1);
        let at = |state: Array| alpha.take_along_axis(&state, 1).squeeze(1);
        let (last_blank, last_label) = (at(&lengths * 2), at((&lengths * 2 - 1).maximum(0)));
        // Without labels both are the one blank.
        let both = logaddexp(&last_blank, &last_label);
        -select(lengths.squeeze(1).eq(0), &last_blank, &both)
    })
}
