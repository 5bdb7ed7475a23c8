//! Nothing of the prelude is in scope.
#![no_implicit_prelude]
#![deny(warnings)]

#[derive(::nnx::Module)]
struct Linear {
    kernel: ::nnx::Param,
}

#[::nnx::jit(graph = false)]
fn step(
    linear: &mut Linear,
    list: ::std::vec::Vec<::nnx::Array>,
    #[nnx(static)] rate: ::core::primitive::f32,
    #[nnx(static)] mode: &'static ::core::primitive::str,
    other: &impl ::nnx::Module,
) -> ::core::result::Result<::core::option::Option<::nnx::Array>, ::nnx::Error> {
    let _ = (rate, mode, other);
    linear.kernel.set(::core::clone::Clone::clone(&list[0]));
    ::core::result::Result::Ok(::core::option::Option::None)
}

impl Linear {
    #[::nnx::jit(graph = false, device = 0)]
    fn make(&self) -> impl ::nnx::Module + use<> {
        ::core::clone::Clone::clone(self.kernel.value())
    }
}

fn main() {
    let x = || ::nnx::Array::shape_only([1], ::nnx::DType::F32);
    let mut linear = Linear { kernel: ::nnx::Param::new(x()) };
    let list = || ::std::iter::Iterator::collect(::std::iter::once(x()));
    let lowered = ::nnx::jit::lower(|| step(&mut linear, list(), 1.0, "", &x()).is_ok());
    ::std::assert!(lowered.is_ok());
    let lowered = ::nnx::jit::lower(|| {
        let _ = linear.make();
    });
    ::std::assert!(lowered.is_ok());
}
