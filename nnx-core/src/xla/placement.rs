//! Where arrays lie and programs run.

/// Where an array lies or a program runs: one device of the client. Small, so that keys and calls
/// compare it as a number.
///
/// ```
/// use nnx::xla::Placement;
///
/// assert_eq!(Placement::default(), Placement::device(0));
/// assert_eq!(Placement::device(3).index(), 3);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Placement(u32);

impl Placement {
    /// Device number `index` of the client; whether there is such a device shows when the placement
    /// is used.
    pub const fn device(index: usize) -> Self {
        // No client has as many devices: the check at use refuses what is cut off here.
        Placement(if index > u32::MAX as usize { u32::MAX } else { index as u32 })
    }

    /// The device's number.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}
