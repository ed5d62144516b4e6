//! Named places in the work, told at the finest level of the log, so that a test can end the process exactly there. Must never do anything else.

/// The target of these lines.
const TARGET: &str = "connector_host::point";

/// The work has come to a place: `before-send`, `answered`, `bound` (an order's event), `page-read`, `page-applied` (a pull), `taken-in`
/// (a delivery).
pub(super) fn point(name: &'static str) {
    tracing::trace!(target: TARGET, point = name);
}
