//! Helpers that the tests of jit share: a Module nested three deep, and ways to watch calls.

use nnx::jit::Stats;
use nnx::module::BatchStat;
use nnx::xla::{Backend, Client};
use nnx::{Array, Module, Param, Variable};
use std::cell::{Cell as Slot, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// An enum with Variables, plain data and lists inside.
#[derive(Module, Debug)]
pub(crate) enum Activation {
    Relu,
    Scale(Param),
    Table { weights: Vec<Param>, offset: Array },
}

#[derive(Module, Debug)]
pub(crate) struct Cell {
    pub(crate) kernel: Param,
    pub(crate) bias: Option<Param>,
    pub(crate) count: Variable<BatchStat>,
    pub(crate) width: usize,
}

#[derive(Module, Debug)]
pub(crate) struct Block {
    pub(crate) cells: Vec<Cell>,
    pub(crate) gains: BTreeMap<String, Param>,
    pub(crate) act: Activation,
}

/// Three deep: `blocks[0].cells[1].kernel`.
#[derive(Module, Debug)]
pub(crate) struct Net {
    pub(crate) blocks: [Block; 2],
    pub(crate) head: (Param, Box<Cell>),
    pub(crate) data: Array,
    pub(crate) name: String,
}

/// Gives each new leaf another value: 1, 2, 3, …
#[derive(Default)]
pub(crate) struct Numbers(Slot<u8>);

impl Numbers {
    pub(crate) fn array(&self) -> Array {
        self.0.set(self.0.get() + 1);
        Array::scalar(f32::from(self.0.get()))
    }

    pub(crate) fn param(&self) -> Param {
        Param::new(self.array())
    }

    pub(crate) fn cell(&self, bias: bool) -> Cell {
        Cell {
            kernel: self.param(),
            bias: bias.then(|| self.param()),
            count: Variable::new(self.array()),
            width: 1,
        }
    }

    fn block(&self, act: impl Fn(&Numbers) -> Activation) -> Block {
        Block {
            cells: vec![self.cell(true), self.cell(false)],
            gains: ["in", "out"].map(|name| (name.to_owned(), self.param())).into(),
            act: act(self),
        }
    }
}

/// Leaves hold 1, 2, 3, …, each another number.
pub(crate) fn net() -> Net {
    let numbers = Numbers::default();
    let table =
        |n: &Numbers| Activation::Table { weights: vec![n.param(), n.param()], offset: n.array() };
    Net {
        blocks: [numbers.block(|n| Activation::Scale(n.param())), numbers.block(table)],
        head: (numbers.param(), Box::new(numbers.cell(true))),
        data: numbers.array(),
        name: "net".into(),
    }
}

/// The paths and values of all leaves that are f32 scalars.
pub(crate) fn values<M: Module>(module: &M) -> Vec<(String, f32)> {
    let state = nnx::state(module);
    state.iter().map(|(path, leaf)| (path.to_string(), leaf.value.item())).collect()
}

/// The addresses of all leaves in device memory, by path.
pub(crate) fn addresses<M: Module>(module: &M) -> Vec<(String, usize)> {
    let state = nnx::state(module);
    state.iter().map(|(path, leaf)| (path.to_string(), address(&leaf.value))).collect()
}

/// Whether the backend tells what this needs: addresses of arrays, and the memory of a run. The
/// crate `xla` tells neither.
pub(crate) fn tells_memory() -> bool {
    Client::global().unwrap().backend() == Backend::Pjrt
}

/// Whether a call may return before its run is over. With the crate `xla` it does not.
pub(crate) fn runs_go_on() -> bool {
    tells_memory()
}

/// The message of a run that fails after `call` has launched it: of reading `result`, or of the
/// call itself if that lasts as long as the run.
pub(crate) fn failure_of_run<S>(
    state: &mut S,
    call: impl FnOnce(&mut S),
    result: impl FnOnce(&S) -> &Array,
) -> String {
    if runs_go_on() {
        call(state);
        result(state).block_until_ready().unwrap_err().to_string()
    } else {
        panic_message(|| call(state))
    }
}

/// The address of the array in device memory; 0 where the backend does not tell.
pub(crate) fn address(array: &Array) -> usize {
    if tells_memory() { array.device_address().unwrap() } else { 0 }
}

/// Whether two addresses, of arrays alive at the same time, differ.
pub(crate) fn differ(a: usize, b: usize) -> bool {
    a != b || !tells_memory()
}

pub(crate) fn f32s(values: &[f32]) -> Array {
    Array::from_slice(values, [values.len()])
}

pub(crate) fn scalar(value: f32) -> Array {
    Array::scalar(value)
}

/// The statistics of a jitted function, all zero before its first call.
pub(crate) fn stats(name: &str) -> Stats {
    let all = nnx::jit::functions();
    all.into_iter().find(|f| f.name == name).unwrap_or_else(|| panic!("{name} was not called"))
}

/// How often a jitted function was traced so far.
pub(crate) fn traces(name: &str) -> u64 {
    nnx::jit::functions().iter().filter(|f| f.name == name).map(|f| f.traces).sum()
}

thread_local! {
    static PANICKED_AT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The message of the panic in `f`, and where it happened.
#[track_caller]
pub(crate) fn panic_at(f: impl FnOnce()) -> (String, String) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            PANICKED_AT.set(place);
            before(info);
        }));
    });
    PANICKED_AT.take();
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else { panic!("no panic") };
    let message = match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(other) => other.downcast_ref::<&str>().copied().unwrap_or_default().to_owned(),
    };
    (message, PANICKED_AT.take())
}

/// The message of the panic in `f`.
#[track_caller]
pub(crate) fn panic_message(f: impl FnOnce()) -> String {
    panic_at(f).0
}

/// Checks that `message` holds every one of `parts`.
#[track_caller]
pub(crate) fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

/// Runs `body`, which is the test called `name`, in a process in which nothing else runs.
pub(crate) fn in_own_process(name: &str, body: impl FnOnce()) {
    const ALONE: &str = "NNX_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--exact", name]).env(ALONE, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
