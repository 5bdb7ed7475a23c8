//! Where one call of a layer takes a key from.

use super::{Key, RngStream, Rngs};

/// Where one call of a layer takes its key from: several streams, one stream, or the key itself. The argument `rngs` of a
/// call in Flax; made by `into` of `&mut Rngs`, `&mut RngStream` or a [`Key`].
///
/// ```
/// use nnx::nn::{Dropout, DropoutOptions};
/// use nnx::random::{self, RngStream, Rngs};
/// use nnx::{DType, array};
///
/// let mut layer = Dropout::builder(0.5).build_without_rngs();
/// let x = array::ones([8], DType::F32);
/// let mut rngs = Rngs::new(0).with("dropout", 1);
/// let a = layer.forward_with(&x, DropoutOptions::new().rngs(&mut rngs));
/// let mut stream = RngStream::new(1, "dropout");
/// let b = layer.forward_with(&x, DropoutOptions::new().rngs(&mut stream));
/// let key = random::fold_in(&random::key(1), 0); // a stream's first key
/// let c = layer.forward_with(&x, DropoutOptions::new().rngs(key));
/// assert_eq!(a.to_vec::<f32>(), b.to_vec::<f32>());
/// assert_eq!(b.to_vec::<f32>(), c.to_vec::<f32>());
/// ```
#[derive(Debug)]
pub enum KeySource<'r> {
    /// The next key of the stream with the name that the layer asks for.
    Rngs(&'r mut Rngs),
    /// The next key of this stream.
    Stream(&'r mut RngStream),
    /// This key.
    Key(Key),
}

impl KeySource<'_> {
    /// The key; of several streams that of `name`.
    ///
    /// ```
    /// use nnx::random::{KeySource, Rngs};
    ///
    /// let mut rngs = Rngs::new(0).with("noise", 1);
    /// let key = KeySource::from(&mut rngs).next_key("noise");
    /// assert_eq!(key.data().to_vec::<u32>(), Rngs::new(1).params().data().to_vec::<u32>());
    /// assert_eq!(rngs.stream("noise").count.item::<u32>(), 1);
    /// ```
    ///
    /// # Panics
    /// Panics if there are several streams, and neither one of this name nor `default`.
    #[track_caller]
    pub fn next_key(&mut self, name: &str) -> Key {
        match self {
            KeySource::Rngs(rngs) => rngs.next_key(name),
            KeySource::Stream(stream) => stream.next_key(),
            KeySource::Key(key) => key.clone(),
        }
    }
}

impl<'r> From<&'r mut Rngs> for KeySource<'r> {
    fn from(rngs: &'r mut Rngs) -> Self {
        KeySource::Rngs(rngs)
    }
}

impl<'r> From<&'r mut RngStream> for KeySource<'r> {
    fn from(stream: &'r mut RngStream) -> Self {
        KeySource::Stream(stream)
    }
}

impl From<Key> for KeySource<'_> {
    fn from(key: Key) -> Self {
        KeySource::Key(key)
    }
}

impl From<&Key> for KeySource<'_> {
    fn from(key: &Key) -> Self {
        KeySource::Key(key.clone())
    }
}
