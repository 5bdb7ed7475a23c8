//! How the values of a program lie on a mesh, in the words of the dialect `sdy`.

use crate::value::{Mesh, NamedSharding};

/// How the inputs and outputs of a program lie on a mesh.
pub(crate) struct Shardings<'a> {
    pub(crate) mesh: &'a Mesh,
    pub(crate) inputs: Vec<Option<&'a NamedSharding>>,
    /// `None` leaves it to the compiler.
    pub(crate) outputs: Vec<Option<&'a NamedSharding>>,
}

impl<'a> Shardings<'a> {
    /// For a text to look at: only what the program itself says.
    pub(crate) fn of_constraints(mesh: &'a Mesh) -> Self {
        Shardings { mesh, inputs: Vec::new(), outputs: Vec::new() }
    }

    /// The definition of the mesh, a line.
    pub(super) fn definition(&self) -> String {
        let sizes = self.mesh.axis_names().zip(self.mesh.shape());
        let axes: Vec<String> = sizes.map(|(name, size)| format!("\"{name}\"={size}")).collect();
        format!("  sdy.mesh @mesh = <[{}]>\n", axes.join(", "))
    }

    /// The attribute of an input or output of this rank.
    pub(super) fn attribute(sharding: Option<&NamedSharding>, rank: usize) -> String {
        let dim = |axis: usize| sharding.map(|sharding| sharding.spec().along(axis));
        let dims: Vec<_> = (0..rank).map(dim).collect();
        format!("sdy.sharding = {}", tensor_sharding(&dims))
    }
}

/// The axes of the mesh along which each dimension is split; `None` leaves it to the compiler.
pub(super) fn tensor_sharding<A: AsRef<[Box<str>]>>(dims: &[Option<A>]) -> String {
    let dim = |axes: &Option<A>| match axes {
        None => "{?}".to_string(),
        Some(axes) => {
            let names: Vec<String> =
                axes.as_ref().iter().map(|name| format!("\"{name}\"")).collect();
            format!("{{{}}}", names.join(", "))
        }
    };
    format!("#sdy.sharding<@mesh, [{}]>", dims.iter().map(dim).collect::<Vec<_>>().join(", "))
}
