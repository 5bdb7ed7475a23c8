//! Running an executable: the hot path of every jitted function.

use super::buffer::Buffer;
use super::callback;
use super::client::Client;
use super::executable::{Executable, Signature};
use super::exit;
use super::placement::Placement;
use super::pool::{Kept, Pooled, Reuse};
use super::runtime::{Lists, RawBuffer};
use super::spread;
use crate::error::{Error, Result};
use crate::value::Aval;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;

/// A call while its arguments are put together.
///
/// ```no_run
/// use nnx::value::{Aval, DType};
/// use nnx::xla::{Client, Placement, Program};
///
/// let text = "func.func @main(%x: tensor<3xui8>) -> tensor<3xui8> {
///     %y = stablehlo.add %x, %x : tensor<3xui8>
///     return %y : tensor<3xui8>
/// }";
/// let (client, aval) = (Client::global().unwrap(), [Aval::new(DType::U8, &[3])]);
/// let double = client.compile(&Program::stablehlo("double", text, &aval, &aval)).unwrap();
/// let x = client.upload(&[1, 2, 3], aval[0].clone(), Placement::default()).unwrap();
/// let mut call = double.call();
/// call.arg(&x, false).unwrap();
/// let mut outputs = call.run().unwrap();
/// assert_eq!(outputs.take(0).unwrap().to_host().unwrap(), [2, 4, 6]);
/// ```
pub struct Call<'a> {
    executable: &'a Executable,
    lists: Pooled<Lists>,
    /// How many arguments were added.
    count: usize,
    _arguments: PhantomData<&'a Buffer>,
}

impl<'a> Call<'a> {
    #[inline]
    pub(super) fn new(executable: &'a Executable) -> Self {
        Call { executable, lists: Pooled::take(), count: 0, _arguments: PhantomData }
    }

    /// Adds the next argument.
    ///
    /// With `may_donate`, and if the program says that the argument's memory may hold a result,
    /// the run takes that memory and `buffer` is deleted. For arguments that the program does not
    /// alias with a result, pass true: nothing is donated, and the call is cheaper.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the buffer's shape or dtype is not what the executable takes, or
    /// there are too many arguments.
    #[inline]
    pub fn arg(&mut self, buffer: &'a Buffer, may_donate: bool) -> Result<()> {
        let index = self.count;
        let signature = self.executable.signature();
        if signature.inputs.get(index) != Some(buffer.aval()) {
            return Err(self.wrong_argument(index, buffer.aval()));
        }
        if signature.input_placement(index) != buffer.placement() {
            return Err(self.wrong_placement(index, buffer.placement()));
        }
        self.count += 1;
        self.lists.arguments.push(buffer.raw());
        if self.executable.device_count() > 1 {
            self.lists.arguments.extend(buffer.raws().skip(1));
        }
        if !may_donate {
            self.lists.kept.push(index as i64);
        }
        Ok(())
    }

    /// Starts the run, which may still be going on when this returns.
    ///
    /// # Errors
    /// [`Error::Invalid`] when arguments are missing; [`Error::Unavailable`] inside of a callback, where the run could
    /// wait for itself; [`Error::Xla`] when the plugin refuses the
    /// run. In both cases the arguments are as they were, except when memory runs out: newer
    /// plugins have taken the arguments that may be donated by then
    /// ([`Buffer::is_deleted`] tells). A failure during the run shows when a result is read.
    pub fn run(self) -> Result<Outputs> {
        let Call { executable, mut lists, count, .. } = self;
        if count != executable.inputs().len() {
            return Err(Error::Invalid(format!(
                "`{}` takes {} arguments, but {} were given",
                executable.name(),
                executable.inputs().len(),
                count
            )));
        }
        callback::refuse_inside(executable.name())?;
        let made = executable.make_empty()?;
        let _calling = exit::calling()?;
        let devices = executable.device_count();
        lists.devices = devices;
        lists.outputs.resize((executable.outputs().len() - made.len()) * devices, None);
        let what = || format!("running `{}`", executable.name());
        // SAFETY: the executable is alive. The arguments are alive, being borrowed for as long as this call, and
        // of the signature's number, shapes and dtypes, by the checks here and in `arg`; there are as many places
        // as the program has results. When it was compiled or loaded the signature was compared with what the
        // plugin tells of the program; parameters that it does not tell, with those in the text that was compiled;
        // those of an entry of the cache, before it was written; a program of which neither is known was refused.
        // Results whose shapes it does not tell are looked at when they are read.
        unsafe {
            let runtime = executable.client().runtime();
            runtime.execute(executable.raw(), &mut lists, executable.habits(), &what)
        }?;
        for (place, empty) in made {
            let at = place * devices;
            lists.outputs.splice(at..at, empty.into_raws().map(Some));
        }
        Ok(Outputs {
            client: executable.client(),
            signature: executable.signature().clone(),
            lists,
        })
    }

    #[cold]
    fn wrong_placement(&self, index: usize, found: Placement) -> Error {
        let (name, place) = (self.executable.name(), self.executable.placement());
        let expected = self.executable.signature().input_placement(index);
        Error::Invalid(match expected.sharding() {
            Some(expected) => format!(
                "`{name}` runs on {}, but its argument {index} lies on {found}; put it there with \
                 `.to_sharding(&sharding)`, where it is to lie as {}",
                expected.mesh(),
                expected.spec()
            ),
            None => {
                let device = place.index();
                format!(
                    "`{name}` runs on device {device}, but its argument {index} lies on {found}; move it \
                     with `.to_device({device})`"
                )
            }
        })
    }

    #[cold]
    fn wrong_argument(&self, index: usize, found: &Aval) -> Error {
        let name = self.executable.name();
        Error::Invalid(match self.executable.inputs().get(index) {
            Some(expected) => {
                format!("argument {index} of `{name}` must be {expected}, but {found} was given")
            }
            None => format!("`{name}` takes {index} arguments, but more were given"),
        })
    }
}

/// The results of a run, to be taken out one by one; what is left is freed on drop.
///
/// ```no_run
/// use nnx::value::{Aval, DType};
/// use nnx::xla::{Client, Placement, Program};
///
/// let text = "func.func @main(%x: tensor<3xui8>) -> (tensor<3xui8>, tensor<3xui8>) {
///     %y = stablehlo.add %x, %x : tensor<3xui8>
///     %z = stablehlo.multiply %x, %x : tensor<3xui8>
///     return %y, %z : tensor<3xui8>, tensor<3xui8>
/// }";
/// let (client, aval) = (Client::global().unwrap(), Aval::new(DType::U8, &[3]));
/// let (inputs, outputs) = ([aval.clone()], [aval.clone(), aval.clone()]);
/// let both = client.compile(&Program::stablehlo("both", text, &inputs, &outputs)).unwrap();
/// let mut x = client.upload(&[1, 2, 3], aval, Placement::default()).unwrap();
/// let mut call = both.call();
/// call.arg(&x, false).unwrap();
/// let mut outputs = call.run().unwrap();
/// assert_eq!(outputs.len(), 2);
/// assert_eq!(outputs.take(1).unwrap().to_host().unwrap(), [1, 4, 9]);
/// assert!(outputs.take(1).is_err()); // it was taken
/// outputs.replace(0, &mut x).unwrap();
/// assert_eq!(x.to_host().unwrap(), [2, 4, 6]);
/// ```
pub struct Outputs {
    client: Client,
    signature: Arc<Signature>,
    lists: Pooled<Lists>,
}

impl Outputs {
    /// Number of results.
    pub fn len(&self) -> usize {
        self.signature.outputs.len()
    }

    /// Whether the program has no results.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes out result `index`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is no such result, or it was taken before.
    #[inline]
    pub fn take(&mut self, index: usize) -> Result<Buffer> {
        let devices = self.lists.devices;
        let raw = self.take_raw(index * devices)?;
        let signature = self.signature.clone();
        let (aval, placement) =
            (signature.outputs[index].clone(), signature.output_placement(index));
        let buffer = Buffer::new(self.client, raw, aval, placement, Some(signature));
        if devices == 1 {
            return Ok(buffer);
        }
        let rest = (1..devices).map(|at| self.take_raw(index * devices + at));
        Ok(buffer.with_rest(Some(rest.collect::<Result<_>>()?)))
    }

    /// Puts result `index` into an existing buffer, whose old array is freed.
    ///
    /// # Errors
    /// As for [`take`](Self::take); `into` is as it was.
    #[inline]
    pub fn replace(&mut self, index: usize, into: &mut Buffer) -> Result<()> {
        if self.lists.devices > 1 {
            *into = self.take(index)?;
            return Ok(());
        }
        let raw = self.take_raw(index)?;
        into.replace_raw(raw, &self.signature.outputs[index], &self.signature);
        Ok(())
    }

    /// A copy of result `index`, which stays; waits for it.
    ///
    /// # Errors
    /// As for [`take`](Self::take), and if the run failed.
    pub(crate) fn to_host(&self, index: usize) -> Result<Vec<u8>> {
        let devices = self.lists.devices;
        let raws = self.lists.outputs.get(index * devices..(index + 1) * devices);
        let raws = raws.and_then(|raws| raws.iter().copied().collect::<Option<Vec<_>>>());
        let (Some(raws), Some(aval)) = (raws, self.signature.outputs.get(index)) else {
            return Err(self.no_such_output(index));
        };
        let _calling = exit::calling()?;
        let what = || format!("reading result {index} of `{}`", self.signature.name);
        let placement = self.signature.output_placement(index);
        // SAFETY: nobody took them out, so that they are alive, and of their shape and dtype.
        unsafe { spread::read(self.client, raws.into_iter(), aval, placement, &what) }
    }

    /// There are as many places as the signature has outputs, for each device.
    #[inline]
    fn take_raw(&mut self, place: usize) -> Result<RawBuffer> {
        let raw = self.lists.outputs.get_mut(place).and_then(Option::take);
        raw.ok_or_else(|| self.no_such_output(place / self.lists.devices))
    }

    #[cold]
    fn no_such_output(&self, index: usize) -> Error {
        let Signature { name, outputs, .. } = &*self.signature;
        Error::Invalid(if index < outputs.len() {
            format!("result {index} of `{name}` was already taken")
        } else {
            format!("`{name}` has {} results, so no result {index}", outputs.len())
        })
    }
}

impl Drop for Outputs {
    fn drop(&mut self) {
        if exit::is_over() {
            return;
        }
        for &raw in self.lists.outputs.iter().flatten() {
            // SAFETY: nobody took it out, so this is the only owner.
            unsafe { self.client.runtime().destroy_buffer(raw) };
        }
    }
}

impl Reuse for Lists {
    fn clear(&mut self) {
        self.devices = 1;
        self.arguments.clear();
        self.kept.clear();
        self.outputs.clear();
    }
    #[inline]
    fn kept<R>(with: impl FnOnce(&Kept<Self>) -> R) -> Option<R> {
        thread_local! {
            static LISTS: Kept<Lists> = const { RefCell::new(Vec::new()) };
        }
        LISTS.try_with(with).ok()
    }
}
