//! Calls of the host from programs.

use crate::error::{Error, Result};
use crate::graph::{
    Array, Arrays, Avals, Batch, Batched, Builder, Dual, Jvp, Op, Primitive, prepend, user_location,
};
use crate::lower::{Id, Ids};
use crate::value::{Aval, DType};
use crate::xla::{Callback, Client, Placement};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::any::TypeId;
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, Weak};

/// Whether a callback has an effect, and whether it has results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CallbackKind {
    /// It has an effect and no results.
    Debug,
    /// It has results and no effect.
    Pure,
    /// It has both.
    Io,
}

impl CallbackKind {
    fn name(self) -> &'static str {
        match self {
            CallbackKind::Debug => "debug_callback",
            CallbackKind::Pure => "pure_callback",
            CallbackKind::Io => "io_callback",
        }
    }
}

/// From operands to results. An error says what is wrong with them.
type ArraysFunction = dyn Fn(&[Array]) -> Result<Vec<Array>, String> + Send + Sync;

/// A function of the user's that programs call.
pub(crate) struct HostFunction {
    /// Another for each.
    number: u64,
    /// As users call it.
    name: &'static str,
    location: &'static Location<'static>,
    function: Box<ArraysFunction>,
    /// The places of programs that call it.
    sites: Mutex<FxHashMap<Site, Weak<Callback>>>,
}

/// The operands of a call in a program, and the call.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Site {
    ins: Vec<Aval>,
    outs: Vec<Aval>,
    batch: Vec<usize>,
    in_turn: bool,
}

impl HostFunction {
    /// A function that is not that of any other call.
    #[track_caller]
    pub(crate) fn new(
        name: &'static str,
        function: impl Fn(&[Array]) -> Result<Vec<Array>, String> + Send + Sync + 'static,
    ) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Relaxed);
        let (function, sites) = (Box::new(function), Mutex::default());
        Arc::new(HostFunction { number, name, location: user_location(), function, sites })
    }

    /// The same function for all calls with a closure of this type, if it captures nothing: then all values of its
    /// type are one function, and equal programs are one.
    #[track_caller]
    pub(crate) fn of_type<F>(name: &'static str, function: F) -> Arc<Self>
    where
        F: Fn(&[Array]) -> Result<Vec<Array>, String> + Send + Sync + 'static,
    {
        static KNOWN: LazyLock<Mutex<FxHashMap<TypeId, Weak<HostFunction>>>> =
            LazyLock::new(Mutex::default);
        if size_of::<F>() > 0 {
            return HostFunction::new(name, function);
        }
        let mut known = KNOWN.lock().unwrap_or_else(|e| e.into_inner());
        let place = known.entry(TypeId::of::<F>()).or_default();
        if let Some(function) = place.upgrade() {
            return function;
        }
        let function = HostFunction::new(name, function);
        *place = Arc::downgrade(&function);
        function
    }

    /// As in `` `debug::print!` at src/main.rs:3:5 ``.
    fn described(&self) -> String {
        format!("`{}` at {}", self.name, self.location)
    }

    /// The results for these operands.
    fn call(&self, ins: &[Array], expected: &[Aval]) -> Result<Vec<Array>, String> {
        let outs = (self.function)(ins)?;
        let found = outs.iter().map(Array::try_aval).collect::<Result<Vec<&Aval>>>();
        let found = found.map_err(|error| error.to_string())?;
        match found.iter().copied().eq(expected) {
            true => Ok(outs),
            false => Err(format!("it returned {found:?}, where {expected:?} was promised")),
        }
    }

    /// The results' bytes for those of the operands, for each element of the batch in turn. Operands and results
    /// without elements are not among the bytes.
    fn call_on_bytes(
        &self,
        site: &Site,
        ins: &[&[u8]],
        outs: &mut [&mut [u8]],
    ) -> Result<(), String> {
        for element in 0..site.batch.iter().product() {
            let mut bytes = ins.iter();
            let array = |aval: &Aval| match aval.size() {
                0 => array(&[], aval),
                _ => array(part(bytes.next().copied().unwrap_or_default(), aval, element), aval),
            };
            let arrays = site.ins.iter().map(array).collect::<Result<Vec<Array>>>();
            let arrays = arrays.map_err(|error| error.to_string())?;
            let results = self.call(&arrays, &site.outs)?;
            let with_elements = results.iter().filter(|result| result.size() > 0);
            for (result, out) in with_elements.zip(outs.iter_mut()) {
                let bytes = result.to_bytes().map_err(|error| error.to_string())?;
                let (from, size) = (element * bytes.len(), bytes.len());
                out[from..from + size].copy_from_slice(&bytes);
            }
        }
        if let (true, Some(before), Some(after)) = (site.in_turn, ins.last(), outs.last_mut()) {
            after.copy_from_slice(before);
        }
        Ok(())
    }
}

/// Element `i` of a batch of arrays of `aval`.
fn part<'b>(bytes: &'b [u8], aval: &Aval, i: usize) -> &'b [u8] {
    let size = aval.byte_size();
    &bytes[i * size..(i + 1) * size]
}

fn array(bytes: &[u8], aval: &Aval) -> Result<Array> {
    Ok(Array::from_buffer(Client::global()?.upload(bytes, aval.clone(), Placement::default())?))
}

/// A call of a function of the host.
#[derive(Clone)]
pub(crate) struct HostCall {
    kind: CallbackKind,
    function: Arc<HostFunction>,
    /// The results, without those of an order.
    outs: Vec<Aval>,
    /// The sizes of the batches whose elements it is called for, the outermost first. All operands and results have
    /// these dimensions before their own.
    batch: Vec<usize>,
    /// Whether the last operand and the last result are its turn among the effects of the program.
    in_turn: bool,
}

impl HostCall {
    pub(crate) fn new(kind: CallbackKind, function: Arc<HostFunction>, outs: Vec<Aval>) -> Self {
        HostCall { kind, function, outs, batch: Vec::new(), in_turn: false }
    }

    fn key(&self) -> (CallbackKind, u64, &[Aval], &[usize], bool) {
        (self.kind, self.function.number, &self.outs, &self.batch, self.in_turn)
    }

    /// The type of `aval` with the dimensions of the batches.
    fn batched(&self, aval: &Aval) -> Aval {
        aval.with_shape(&[&self.batch, aval.shape()].concat())
    }

    /// The types that the function gets and gives.
    fn site(&self, ins: &[Aval]) -> Site {
        let levels = self.batch.len();
        let ins = ins.iter().map(|aval| aval.with_shape(&aval.shape()[levels..])).collect();
        let (outs, batch) = (self.outs.clone(), self.batch.clone());
        Site { ins, outs, batch, in_turn: self.in_turn }
    }

    /// The callback of a place in a program, the same for equal places as long as a program holds it.
    fn callback(&self, site: Site, ins: Vec<Aval>, outs: Vec<Aval>) -> Arc<Callback> {
        let mut sites = self.function.sites.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(callback) = sites.get(&site).and_then(Weak::upgrade) {
            return callback;
        }
        sites.retain(|_, callback| callback.strong_count() > 0);
        let (function, of_call) = (self.function.clone(), site.clone());
        let call = move |ins: &[&[u8]], outs: &mut [&mut [u8]]| {
            function.call_on_bytes(&of_call, ins, outs)
        };
        let name = self.function.described();
        let callback = Callback::new(name, ins, outs, Box::new(call));
        sites.insert(site, Arc::downgrade(&callback));
        callback
    }

    /// The results for arrays of the host.
    fn eager(&self, ins: &[&Array]) -> Result<Arrays, String> {
        let arrays: Vec<Array> = ins.iter().map(|&array| array.clone()).collect();
        if self.batch.is_empty() {
            return Ok(self.function.call(&arrays, &self.outs)?.into());
        }
        let run = || -> Result<Result<Arrays, String>> {
            let avals =
                arrays.iter().map(|array| array.try_aval().cloned()).collect::<Result<Vec<_>>>()?;
            let has_elements = |array: &&Array| array.size() > 0;
            let bytes = arrays.iter().filter(has_elements).map(Array::to_bytes);
            let bytes = bytes.collect::<Result<Vec<_>>>()?;
            let bytes: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
            let outs: Vec<Aval> = self.outs.iter().map(|out| self.batched(out)).collect();
            let mut room: Vec<Vec<u8>> = outs.iter().map(|out| vec![0; out.byte_size()]).collect();
            let mut parts: Vec<&mut [u8]> =
                room.iter_mut().filter(|part| !part.is_empty()).map(Vec::as_mut_slice).collect();
            if let Err(why) = self.function.call_on_bytes(&self.site(&avals), &bytes, &mut parts) {
                return Ok(Err(why));
            }
            Ok(Ok(room
                .iter()
                .zip(outs)
                .map(|(bytes, aval)| array(bytes, &aval))
                .collect::<Result<_>>()?))
        };
        run().map_err(|error| error.to_string())?
    }
}

impl PartialEq for HostCall {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for HostCall {}

impl Hash for HostCall {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// The type of the turn.
const TURN: DType = DType::I32;

impl Primitive for HostCall {
    fn name(&self) -> &'static str {
        self.kind.name()
    }
    fn params(&self) -> String {
        self.function.described()
    }
    fn infer(&self, _: &[&Aval]) -> Result<Avals, String> {
        let turn = self.in_turn.then(|| Aval::scalar(TURN));
        Ok(self.outs.iter().map(|out| self.batched(out)).chain(turn).collect())
    }
    fn lower(&self, b: &mut Builder, ins: &[Id], outs: &[&Aval]) -> Ids {
        let operands = &ins[..ins.len() - usize::from(self.in_turn)];
        let avals: Vec<Aval> = operands.iter().map(|&id| b.aval(id)).collect();
        // XLA's compiler knows no arrays without elements here, see `lower/empty.rs`.
        let given: SmallVec<[Id; 3]> =
            ins.iter().copied().filter(|&id| b.aval(id).size() > 0).collect();
        let inputs: Vec<Aval> = given.iter().map(|&id| b.aval(id)).collect();
        let made: Vec<&Aval> = outs.iter().copied().filter(|out| out.size() > 0).collect();
        let results = match made.is_empty() {
            // Nothing comes of it, and it has no effect.
            true => Ids::new(),
            false => {
                let outs = made.iter().copied().cloned().collect();
                let callback = self.callback(self.site(&avals), inputs, outs);
                b.host_call(callback, self.kind != CallbackKind::Pure, &given, &made)
            }
        };
        let mut results = results.into_iter();
        let result = |out: &&Aval| match out.size() {
            0 => None,
            _ => results.next(),
        };
        let results: Vec<Option<Id>> = outs.iter().map(result).collect();
        let or_empty = |(id, out): (Option<Id>, &&Aval)| id.unwrap_or_else(|| b.literal(out, &[]));
        results.into_iter().zip(outs).map(or_empty).collect()
    }
    fn flops(&self, _: &[&Aval], _: &[&Aval]) -> u64 {
        0
    }
    fn jvp(&self, _: &Jvp<'_>) -> Result<Dual, String> {
        let name = self.kind.name();
        Err(format!(
            "what `{name}` computes on the host cannot be differentiated\n\
             fixes:\n  \
             1. give the function around it a derivative of its own: `custom_vjp`, or `custom_jvp` for forward mode too\n  \
             2. stop the derivative at its operands, as in `{name}(f, &shape, &x.stop_gradient())`"
        ))
    }
    fn batch(&self, cx: &Batch<'_>) -> Result<Batched, String> {
        cx.apply(HostCall { batch: prepend(cx.axis.size, &self.batch), ..self.clone() })
    }
    /// A function of the host may be called as often as the program says.
    fn is_barrier(&self) -> bool {
        true
    }
    fn is_effect(&self) -> bool {
        self.kind != CallbackKind::Pure
    }
    fn in_order(&self) -> Option<Op> {
        let is_out_of_order = self.is_effect() && !self.in_turn;
        is_out_of_order.then(|| Arc::new(HostCall { in_turn: true, ..self.clone() }) as Op)
    }
    fn on_host(&self, ins: &[&Array]) -> Option<Result<Arrays>> {
        Some(self.eager(ins).map_err(|message| Error::Op {
            op: self.function.name.into(),
            message,
            location: self.function.location,
        }))
    }
}
