//! Random streams: state that hands out a new key at each call.

use super::key::{Key, fold};
use crate::array::invalid;
use crate::error::or_raise;
use crate::graph::Array;
use crate::module::{
    Leaves, MetaValue, Module, RngCount, RngKey, Schema, Variable, Visitor, VisitorMut,
};
use crate::run::staged;
use crate::value::DType;
use std::collections::BTreeMap;

/// The stream that stands in for streams that do not exist.
const DEFAULT: &str = "default";

/// A key and how many keys were made from it: key number `n` is the stream's key with `n` folded
/// in. `flax.nnx.RngStream`.
///
/// Both Variables have the stream's name as their metadata `tag`, so that a filter finds them by it:
///
/// ```
/// use nnx::module::{state, with_tag};
/// use nnx::nn::Dropout;
/// use nnx::random::Rngs;
///
/// let layer = Dropout::new(0.5, &mut Rngs::new(0).with("dropout", 1));
/// assert_eq!(state(&layer).filter(with_tag("dropout")).len(), 2);
/// ```
#[derive(Debug, Clone, nnx_derive::Module)]
#[module(crate = crate)]
pub struct RngStream {
    /// The words of the key, u32 `[2]`.
    pub key: Variable<RngKey>,
    /// How many keys were handed out, a u32 scalar.
    pub count: Variable<RngCount>,
}

/// The name of a stream among the metadata of its Variables.
pub(super) const TAG: &str = "tag";

impl RngStream {
    /// A stream that starts from a seed or a key. `tag` is its name.
    ///
    /// ```
    /// use nnx::random::RngStream;
    ///
    /// let stream = RngStream::new(42, "shuffle");
    /// assert_eq!(stream.tag(), "shuffle");
    /// assert_eq!(stream.count.item::<u32>(), 0);
    /// ```
    ///
    /// # Panics
    /// Panics if no XLA runtime is found.
    #[track_caller]
    pub fn new(key: impl Into<Key>, tag: &str) -> RngStream {
        let key = key.into();
        let count = crate::array::zeros(key.shape(), DType::U32);
        let mut stream =
            RngStream { key: Variable::new(key.into_data()), count: Variable::new(count) };
        stream.key.metadata_mut().set(TAG, MetaValue::Text(tag.to_owned()));
        *stream.count.metadata_mut() = stream.key.metadata().clone();
        stream
    }

    /// The stream's name; empty if it was taken out of the metadata.
    pub fn tag(&self) -> &str {
        match self.key.metadata().get(TAG) {
            Some(MetaValue::Text(tag)) => tag,
            _ => "",
        }
    }

    /// The next key. Inside a jitted function the count is an update that the caller sees.
    ///
    /// ```
    /// use nnx::random::{self, RngStream};
    ///
    /// let mut stream = RngStream::new(42, "shuffle");
    /// stream.next_key();
    /// let second = stream.next_key();
    /// let folded = random::fold_in(&random::key(42), 1);
    /// assert_eq!(second.data().to_vec::<u32>(), folded.data().to_vec::<u32>());
    /// assert_eq!(stream.count.item::<u32>(), 2);
    /// ```
    #[track_caller]
    pub fn next_key(&mut self) -> Key {
        let key = Key::from_data(self.key.value().clone());
        let state = [key.single("RngStream::next_key").clone(), self.count.value().clone()];
        let out =
            staged("next_key", &state, |args| vec![fold(&args[0], &args[1]), &args[1] + 1_u32]);
        match <[Array; 2]>::try_from(or_raise(out)) {
            Ok([key, count]) => {
                self.count.set(count);
                Key::from_data(key)
            }
            Err(_) => unreachable!("the body has two results"),
        }
    }

    /// A new stream of the same name that starts from this one's next key.
    ///
    /// ```
    /// use nnx::random::RngStream;
    ///
    /// let mut stream = RngStream::new(42, "dropout");
    /// let mut of_layer = stream.fork(); // for a layer that draws at each call
    /// assert_eq!(of_layer.tag(), "dropout");
    /// let (a, b) = (of_layer.next_key(), stream.next_key());
    /// assert_ne!(a.data().to_vec::<u32>(), b.data().to_vec::<u32>());
    /// ```
    #[track_caller]
    pub fn fork(&mut self) -> RngStream {
        let key = self.next_key();
        RngStream::new(key, self.tag())
    }
}

/// Named random streams: where layers get their keys from. `flax.nnx.Rngs`.
///
/// A name without a stream of its own uses the stream `default`.
///
/// ```
/// use nnx::random::{self, Rngs};
///
/// let mut rngs = Rngs::new(0).with("dropout", 1);
/// let init = rngs.params(); // from `default`: there is no stream `params`
/// let mask = rngs.dropout(); // from `dropout`
/// let noise = rngs.next_key("noise"); // from `default`
/// // The second key of `default`, as in Flax.
/// let second = random::fold_in(&random::key(0), 1);
/// assert_eq!(noise.data().to_vec::<u32>(), second.data().to_vec::<u32>());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Rngs {
    streams: BTreeMap<String, RngStream>,
}

impl Rngs {
    /// One stream, `default`, that starts from a seed or a key.
    ///
    /// ```
    /// use nnx::random::{self, Rngs};
    ///
    /// let of_a_seed = Rngs::new(0).params();
    /// let of_a_key = Rngs::new(random::key(0)).params();
    /// assert_eq!(of_a_seed.data().to_vec::<u32>(), of_a_key.data().to_vec::<u32>());
    /// ```
    ///
    /// # Panics
    /// Panics if no XLA runtime is found.
    #[track_caller]
    pub fn new(default: impl Into<Key>) -> Rngs {
        Rngs::empty().with(DEFAULT, default)
    }

    /// No stream, to add named ones with [`with`](Rngs::with).
    ///
    /// ```
    /// use nnx::random::Rngs;
    ///
    /// let mut rngs = Rngs::empty().with("params", 0).with("dropout", 1);
    /// rngs.params(); // `rngs.next_key("noise")` would panic: there is no `default` either
    /// assert_eq!(rngs.streams().map(|(name, _)| name).collect::<Vec<_>>(), ["dropout", "params"]);
    /// ```
    pub fn empty() -> Rngs {
        Rngs::default()
    }

    /// The same streams and one more, in place of any of that name.
    ///
    /// # Panics
    /// Panics if no XLA runtime is found.
    #[track_caller]
    pub fn with(mut self, name: &str, key: impl Into<Key>) -> Rngs {
        self.streams.insert(name.to_owned(), RngStream::new(key, name));
        self
    }

    /// The next key for initial parameters: of the stream `params`.
    ///
    /// # Panics
    /// Panics if there is neither that stream nor `default`.
    #[track_caller]
    pub fn params(&mut self) -> Key {
        self.next_key("params")
    }

    /// The next key for dropout masks: of the stream `dropout`.
    ///
    /// # Panics
    /// Panics if there is neither that stream nor `default`.
    #[track_caller]
    pub fn dropout(&mut self) -> Key {
        self.next_key("dropout")
    }

    /// The next key of the stream `name`.
    ///
    /// ```
    /// use nnx::random::Rngs;
    ///
    /// let mut rngs = Rngs::new(0).with("noise", 1);
    /// let (a, b) = (rngs.next_key("noise"), rngs.next_key("noise"));
    /// assert_ne!(a.data().to_vec::<u32>(), b.data().to_vec::<u32>());
    /// ```
    ///
    /// # Panics
    /// Panics if there is neither that stream nor `default`.
    #[track_caller]
    pub fn next_key(&mut self, name: &str) -> Key {
        self.stream(name).next_key()
    }

    /// The stream `name`, or `default` if there is no stream of that name.
    ///
    /// ```
    /// use nnx::random::Rngs;
    ///
    /// let mut rngs = Rngs::new(0).with("dropout", 1);
    /// rngs.dropout();
    /// assert_eq!(rngs.stream("dropout").count.item::<u32>(), 1);
    /// assert_eq!(rngs.stream("noise").tag(), "default");
    /// ```
    ///
    /// # Panics
    /// Panics if there is neither that stream nor `default`.
    #[track_caller]
    pub fn stream(&mut self, name: &str) -> &mut RngStream {
        let found = if self.streams.contains_key(name) { name } else { DEFAULT };
        if !self.streams.contains_key(found) {
            let known: Vec<&str> = self.streams.keys().map(String::as_str).collect();
            invalid(
                "Rngs",
                format!(
                    "no stream `{name}` and no stream `default` among {known:?}; add one with \
                     `.with(\"{name}\", seed)` or start from `Rngs::new(seed)`"
                ),
            );
        }
        match self.streams.get_mut(found) {
            Some(stream) => stream,
            None => unreachable!("looked up above"),
        }
    }

    /// The streams by name.
    ///
    /// ```
    /// use nnx::random::Rngs;
    ///
    /// let rngs = Rngs::new(0).with("dropout", 1);
    /// let counts = rngs.streams().map(|(name, stream)| (name, stream.count.item::<u32>()));
    /// assert_eq!(counts.collect::<Vec<_>>(), [("default", 0), ("dropout", 0)]);
    /// ```
    pub fn streams(&self) -> impl Iterator<Item = (&str, &RngStream)> {
        self.streams.iter().map(|(name, stream)| (name.as_str(), stream))
    }

    /// New streams of the same names, each starting from the next key of the old one.
    ///
    /// ```
    /// use nnx::random::Rngs;
    ///
    /// let mut rngs = Rngs::new(0).with("dropout", 1);
    /// let mut forked = rngs.fork(); // what it hands out does not move `rngs` on
    /// (forked.params(), forked.params(), forked.dropout());
    /// assert_eq!(rngs.stream("default").count.item::<u32>(), 1); // for the fork itself
    /// ```
    #[track_caller]
    pub fn fork(&mut self) -> Rngs {
        let mut forked = Rngs::empty();
        for (name, stream) in &mut self.streams {
            forked.streams.insert(name.clone(), stream.fork());
        }
        forked
    }
}

/// The streams are fields by their names, as in Flax: `default.key`, `default.count`.
#[diagnostic::do_not_recommend]
impl Module for Rngs {
    const SCHEMA: &'static Schema = <BTreeMap<String, RngStream> as Module>::SCHEMA;
    fn flatten<V: Visitor>(&self, visitor: &mut V) {
        self.streams.flatten(visitor);
    }
    fn flatten_mut<V: VisitorMut>(&mut self, visitor: &mut V) {
        self.streams.flatten_mut(visitor);
    }
    fn unflatten<L: Leaves>(&self, leaves: &mut L) -> Self {
        Rngs { streams: self.streams.unflatten(leaves) }
    }
}
