//! Bootable images that register by themselves at first boot.
//!
//! Empty until the installer can bake: the recipes, the QEMU pipeline and `landfall-image` come here.
