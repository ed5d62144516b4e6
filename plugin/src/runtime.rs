//! What the component needs of a machine: memory, and a last word when it panics. The only hand-written unsafe code of the crate.
//!
//! Each call runs in a fresh instance, so memory is never given back for another call: the allocator is an arena that starts at
//! `__heap_base` and moves up. The top block grows in place; nothing is freed, so that the code that walks records only to free them is
//! not in the module at all (a third of it otherwise). It must never grow for a normal page: the linker gives it 4 MiB at the start
//! (`build.rs`), and `memory.grow` is the answer to an unusually large reply alone.

/// Runs first in every export: a panic then says why before it ends the instance.
pub fn enter() {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|panic| {
        // A panic's text is the connector's own: no data from outside is formatted into one.
        let text = panic.to_string();
        crate::wit::log::emit(crate::wit::log::Level::Error, &text);
    }));
}

#[cfg(all(target_arch = "wasm32", not(feature = "general-allocator")))]
#[allow(unsafe_code, reason = "an allocator cannot be written without")]
mod arena {
    use core::alloc::{GlobalAlloc, Layout};
    use core::arch::wasm32::{memory_grow, memory_size};
    use core::cell::Cell;
    use core::ptr::{copy_nonoverlapping, null_mut};

    const PAGE: usize = 65_536;

    unsafe extern "C" {
        /// First byte after data and stack; made by the linker. Only its address means something.
        static __heap_base: u8;
    }

    struct Arena {
        /// First free byte.
        top: Cell<*const u8>,
        /// First byte past the memory that is known to be there; 0 until the first allocation asks.
        end: Cell<usize>,
    }

    // SAFETY: the module has one thread: threads and shared memory are off in every host that admits it, and the target has none.
    unsafe impl Sync for Arena {}

    #[global_allocator]
    static ARENA: Arena = Arena { top: Cell::new(&raw const __heap_base), end: Cell::new(0) };

    impl Arena {
        /// Makes everything below `until` usable, or says that there is no more memory.
        #[cold]
        #[inline(never)]
        fn reach(&self, until: usize) -> bool {
            let end = memory_size(0) * PAGE;
            if until > end && memory_grow(0, (until - end).div_ceil(PAGE)) == usize::MAX {
                return false;
            }
            self.end.set(memory_size(0) * PAGE);
            true
        }

        /// Moves the top; null where the memory ends. `size` is below 2 GiB, so that a sum that overflows is below `start`.
        #[inline]
        fn take(&self, start: usize, size: usize) -> *mut u8 {
            let end = start.wrapping_add(size);
            if end < start || (end > self.end.get() && !self.reach(end)) {
                return null_mut();
            }
            self.top.set(end as *const u8);
            start as *mut u8
        }
    }

    // SAFETY: every block lies between `__heap_base` and the end of memory, above all blocks before it: `top` moves down only when the
    // block that ends at it shrinks.
    unsafe impl GlobalAlloc for Arena {
        #[inline(never)]
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            let mask = layout.align() - 1;
            self.take((self.top.get() as usize).wrapping_add(mask) & !mask, layout.size())
        }

        #[inline]
        unsafe fn dealloc(&self, _block: *mut u8, _layout: Layout) {}

        #[inline(never)]
        unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
            let start = block as usize;
            if start + layout.size() == self.top.get() as usize {
                return self.take(start, new_size);
            }
            if new_size <= layout.size() {
                return block;
            }
            // SAFETY: `new_size` is at least the old one and comes from a caller that keeps to `GlobalAlloc`'s rules.
            let moved = unsafe { self.alloc(Layout::from_size_align_unchecked(new_size, layout.align())) };
            if !moved.is_null() {
                // SAFETY: both blocks are at least `layout.size()` long, and the new one lies above the old one.
                unsafe { copy_nonoverlapping(block, moved, layout.size()) };
            }
            moved
        }
    }
}
