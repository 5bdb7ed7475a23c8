//! Connectionist temporal classification.

use super::{check_float, loss};
use crate::array::{
    AsArray, concatenate, full, invalid, keepdims, logaddexp, logsumexp, select, stack, where_,
};
use crate::error::or_raise;
use crate::graph::Array;
use crate::run::staged;
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
/// use nnx::optim::losses::ctc_loss;
/// use nnx::{Array, DType, array::zeros};
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
    let [batch, frames, length] =
        check_ctc(NAME, logits, logit_paddings, labels, label_paddings, blank_id);
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
        let pairs = stack([&blank, &labels], 2).reshape([batch, 2 * length]);
        let spelled = concatenate([&pairs, &full([batch, 1], blank_id as f64, DType::I32)], 1);
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
                concatenate([&first, &later.ne(earlier)], 1)
            }
        };
        let start = full([batch, states], LOG_ZERO, dtype);
        let start = start.at((.., 0)).set(0.0);
        let behind = |x: &Array, by: usize| {
            let kept = x.slice([(..).into(), (..states - by).into()]);
            concatenate([&full([batch, by], LOG_ZERO, dtype), &kept], 1)
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

/// Refuses what does not fit; returns the numbers of sequences, frames and labels.
#[track_caller]
fn check_ctc(
    name: &str,
    logits: &Array,
    logit_paddings: &Array,
    labels: &Array,
    label_paddings: &Array,
    blank_id: usize,
) -> [usize; 3] {
    check_float(name, "logits", logits);
    let &[batch, frames, classes] = logits.shape() else {
        invalid(name, format!("needs logits [batch, frames, classes], got {}", logits.aval()))
    };
    let length = match *labels.shape() {
        [n, length] if n == batch && labels.dtype().is_int() => length,
        _ => {
            invalid(name, format!("needs integer labels [{batch}, length], got {}", labels.aval()))
        }
    };
    let paddings = [
        ("logit_paddings", logit_paddings, [batch, frames]),
        ("label_paddings", label_paddings, [batch, length]),
    ];
    for (what, array, shape) in paddings {
        if array.shape() != shape {
            invalid(name, format!("needs {what} {shape:?}, got {}", array.aval()));
        }
    }
    if blank_id >= classes {
        invalid(name, format!("the blank is class {blank_id}, and there are {classes} classes"));
    }
    [batch, frames, length]
}

/// [`ctc_loss`], and the logarithms of the probabilities of how far a sequence has come at each frame: of blanks after each
/// number of labels, `[frames, batch, labels + 1]`, and of each label, `[frames, batch, labels]`; those of the last frame
/// of blanks hold the label before them too. What cannot be has `log_epsilon`, usually −1e5, or less.
/// `optax.losses.ctc_loss_with_forward_probs`.
///
/// ```
/// use nnx::array::zeros;
/// use nnx::optim::losses::ctc_loss_with_forward_probs;
/// use nnx::{Array, DType};
///
/// // Three frames of two classes, and the label 1 once.
/// let (logits, frames) = (zeros([1, 3, 2], DType::F32), zeros([1, 3], DType::F32));
/// let (labels, padding) = (Array::from([[1_i32]]), zeros([1, 1], DType::F32));
/// let (loss, blanks, emitted) =
///     ctc_loss_with_forward_probs(&logits, &frames, &labels, &padding, 0, -1e5);
/// // Six of the eight spellings.
/// assert!((loss.item::<f32>() - (8.0_f32 / 6.0).ln()).abs() < 1e-6);
/// assert_eq!((blanks.shape(), emitted.shape()), (&[3, 1, 2][..], &[3, 1, 1][..]));
/// ```
///
/// # Panics
/// As [`ctc_loss`].
#[track_caller]
pub fn ctc_loss_with_forward_probs(
    logits: impl AsArray,
    logit_paddings: impl AsArray,
    labels: impl AsArray,
    label_paddings: impl AsArray,
    blank_id: usize,
    log_epsilon: f64,
) -> (Array, Array, Array) {
    let (logits, logit_paddings, labels, label_paddings) = (
        logits.as_array(),
        logit_paddings.as_array(),
        labels.as_array(),
        label_paddings.as_array(),
    );
    const NAME: &str = "ctc_loss_with_forward_probs";
    let [batch, _, length] =
        check_ctc(NAME, logits, logit_paddings, labels, label_paddings, blank_id);
    let args = [logits, logit_paddings, labels, label_paddings].map(Array::clone);
    let outs = or_raise(staged(NAME, &args, |args| {
        let logits = args[0].to_wide();
        let dtype = logits.dtype();
        let log_probs = &logits - logsumexp(&logits, keepdims(-1));
        // Whatever stands in the place of a label that is not there need not be a class.
        let labels = args[2].astype(DType::I32);
        let is_class = labels.ge(0) & labels.lt(logits.shape()[2] as i32);
        let is_label = args[3].eq(0) | is_class;
        let index = where_(is_label, &labels, blank_id as i32).expand_dims(1);
        let index = index.broadcast_to([batch, logits.shape()[1], length]);
        let emits = log_probs.take_along_axis(&index, 2).swapaxes(0, 1);
        let blanks = log_probs.slice([(..).into(), (..).into(), (blank_id..blank_id + 1).into()]);
        // Where a label is the one behind it, a blank must be between.
        let repeats = match length.checked_sub(1) {
            None => full([batch, 0], 0.0, dtype),
            Some(n) => {
                let next = args[2].slice([(..).into(), (1..).into()]);
                let same = args[2].slice([(..).into(), (..n).into()]).eq(next).astype(dtype);
                concatenate([&same, &full([batch, 1], 0.0, dtype)], 1)
            }
        };
        let add = |phi: &Array, score: &Array| {
            let rest = logaddexp(phi.slice([(..).into(), (1..).into()]), score);
            concatenate([&phi.slice([(..).into(), (..1).into()]), &rest], 1)
        };
        let start = full([batch, length + 1], log_epsilon, dtype).at((.., 0)).set(0.0);
        let step = |(phi, emit): (Array, Array),
                    (of_label, of_blank, pad): (&Array, &Array, &Array)| {
            let before = add(&phi, &(&emit + &repeats * log_epsilon));
            let before_label = before.slice([(..).into(), (..length).into()]);
            let next_emit = logaddexp(&(before_label + of_label), &emit + of_label);
            let next_phi = before + of_blank;
            let through = &emit + of_blank + (1.0 - &repeats) * log_epsilon;
            let next_phi = add(&next_phi, &through);
            let pad = pad.expand_dims(1);
            let next_emit = where_(&pad, &emit, next_emit);
            let next_phi = where_(&pad, &phi, next_phi);
            ((next_phi.clone(), next_emit.clone()), (next_phi, next_emit))
        };
        let padded = args[1].ne(0).t();
        let ((phi, emit), (phis, emitted)) = scan(
            step,
            (start, full([batch, length], log_epsilon, dtype)),
            over((&emits, &blanks.swapaxes(0, 1), &padded)),
        );
        let last = add(&phi, &emit);
        let lengths = length as i32 - args[3].astype(DType::I32).sum(1).expand_dims(1);
        let of_length = -last.take_along_axis(&lengths, 1).squeeze(1);
        let phis = match phis.shape()[0].checked_sub(1) {
            Some(end) => phis.at(end).set(&last),
            None => phis,
        };
        vec![of_length, phis, emitted]
    }));
    match <[Array; 3]>::try_from(outs) {
        Ok([loss, blanks, emitted]) => (loss, blanks, emitted),
        Err(_) => unreachable!("the body gives three arrays"),
    }
}
