//! What Landfall promises of images, first boots and copies, each promise on emulated machines with a firmware, a
//! boot loader and a kernel of their own. They boot in half a minute each, so few run where that is dear.

mod face;

/// Says so where machines cannot run.
fn machines_can_run() -> bool {
    vm_tests::guest::can_run()
}
