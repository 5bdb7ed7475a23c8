//! Functions as static data of a Module.

/// Writes a type for a function that is compared by its address: at worst equal functions count as
/// different ones.
macro_rules! by_address {
    ($(#[$doc:meta])* $vis:vis $name:ident($function:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        $vis struct $name($vis $function);

        impl PartialEq for $name {
            fn eq(&self, other: &$name) -> bool {
                std::ptr::fn_addr_eq(self.0, other.0)
            }
        }
        impl Eq for $name {}
        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                (self.0 as usize).hash(state);
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("fn")
            }
        }
    };
}
pub(super) use by_address;
