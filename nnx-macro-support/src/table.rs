//! The types that the macros know by their names, in one table each. The runtime library makes its
//! primitives Modules from the same tables: [`apply`].

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

macro_rules! table {
    ($(#[$doc:meta])* $table:ident: $($name:ident)*) => {
        $(#[$doc])*
        pub const $table: &[&str] = &[$(stringify!($name)),*];
    };
}

table! {
    /// The primitives that can be hashed, and so are static as they are, besides `&'static str`.
    SETTINGS:
        bool char i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize String
}

table! {
    /// The primitives that are static by their bits.
    FLOATS: f32 f64
}

table! {
    /// The containers that are Modules if their type arguments are.
    CONTAINERS: Vec Option Box BTreeMap HashMap
}

table! {
    /// The types whose values several places own.
    COUNTED: Rc Arc Weak
}

table! {
    /// The types whose values change behind a shared reference.
    CELLS: Cell RefCell UnsafeCell OnceCell LazyCell Mutex RwLock OnceLock LazyLock
}

table! {
    /// The same for numbers.
    ATOMICS:
        AtomicBool AtomicU8 AtomicU16 AtomicU32 AtomicU64 AtomicUsize AtomicI8 AtomicI16 AtomicI32
        AtomicI64 AtomicIsize AtomicPtr
}

table! {
    /// The types that hold arrays, as far as nnx's own go: never settings.
    DATA: Array Variable Shared Param LoRAParam
}

/// Calls the macro `callback` with every name of a table: `callback! { f32, f64 }`.
pub fn apply(callback: TokenStream, table: &[&str]) -> TokenStream {
    let names = table.iter().map(|name| Ident::new(name, Span::call_site()));
    quote!(#callback! { #(#names),* })
}
