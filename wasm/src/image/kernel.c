/* SPDX-License-Identifier: Apache-2.0 */
#include "image/kernel.h"
#include "image/kernel_check.h"
#include "image/kernel_module.h"
#include "image/serve.h"
#include "image/symbols.h"
#include <stdio.h>

#define GUEST_NAME "[guest.kernel.kallsyms]"
#define KERNEL_HALF 0xffff800000000000u /* addresses of the kernel */
#define CORE_FILE 4              /* ET_CORE */

void ptm_kernel_free(ptm_kernel *kernel)
{
	ptm_array_free(&kernel->pieces);
	ptm_symbol_index_free(kernel->names);
	kernel->names = NULL;
}

/* -------------------------------------------------------------- what ran */

ptm_status ptm_kernel_module_dso(ptm_images *images, const char *path, uint32_t *dso)
{
	char name[256] = "[";
	ptm_kernel_module_name(path, name + 1, sizeof name - 2);
	size_t length = strlen(name);
	name[length++] = ']';
	return ptm_strings_add(images->strings, name, length, dso);
}

/* Where a module is; one that was loaded twice, at two places, is nowhere that names could be told of. */
static void note_start(ptm_image *image, uint64_t start)
{
	if (!image->module_start && !image->module_moved)
		image->module_start = start;
	image->module_moved |= image->module_start != start;
	if (image->module_moved)
		image->module_start = 0;
}

ptm_status ptm_kernel_want(ptm_images *images, uint32_t name, uint64_t start, uint64_t end, uint64_t reference, const uint8_t *build_id,
			   uint32_t build_id_length, uint32_t *image, uint32_t *dso)
{
	ptm_kernel *kernel = &images->kernel;
	const char *text = ptm_strings_get(images->strings, name), *bracket = strchr(text, ']');
	bool is_kernel = !strncmp(text, PTM_KERNEL_NAME, sizeof PTM_KERNEL_NAME - 1);
	char suffix[64] = "";

	*dso = name;
	if (is_kernel) {
		snprintf(suffix, sizeof suffix, "%s", bracket + 1);
		PTM_TRY(ptm_strings_add(images->strings, PTM_KERNEL_NAME, sizeof PTM_KERNEL_NAME - 1, dso));
		name = *dso;
	} else if (*text == '/') {
		PTM_TRY(ptm_kernel_module_dso(images, text, dso));
	}
	PTM_TRY(ptm_images_want(images, name, build_id, build_id_length, image));
	images->images.at[*image].is_kernel = true;
	images->images.at[*image].is_anonymous = false;
	if (!is_kernel)
		note_start(&images->images.at[*image], start);
	if (!is_kernel || kernel->image)
		return PTM_OK;
	kernel->image = *image;
	kernel->start = start;
	kernel->end = end;
	kernel->reference = reference;
	return ptm_strings_add(images->strings, suffix, strlen(suffix), &kernel->reference_name);
}

/* What perf calls the kernel of a guest. */
static size_t guest_name(int32_t machine, char *into, size_t size)
{
	return (size_t)(machine ? snprintf(into, size, "[guest.kernel.kallsyms.%d]", machine) : snprintf(into, size, "%s", GUEST_NAME));
}

uint32_t ptm_kernel_of_guest(const ptm_images *images, int32_t machine)
{
	for (uint32_t i = 0; i < images->guests.length; i++)
		if (images->guests.at[i].machine == machine)
			return i + 1;
	return 0;
}

ptm_kernel *ptm_kernel_of_image(ptm_images *images, const ptm_image *image)
{
	if (!image->is_guest)
		return &images->kernel;
	uint32_t guest = ptm_kernel_of_guest(images, image->machine);
	return guest ? &images->guests.at[guest - 1] : NULL;
}

/* Its first map is the one that says where it is. */
static ptm_status want_guest_kernel(ptm_images *images, ptm_kernel *told, const char *suffix, uint32_t *image)
{
	uint32_t known = ptm_kernel_of_guest(images, told->machine), name;
	char called[48];

	if (known) {
		const ptm_kernel *guest = &images->guests.at[known - 1];
		*image = told->start == guest->start ? guest->image : 0;
		return PTM_OK;
	}
	PTM_TRY(ptm_strings_add(images->strings, suffix, strlen(suffix), &told->reference_name));
	PTM_TRY(ptm_strings_add(images->strings, called, guest_name(told->machine, called, sizeof called), &name));
	PTM_TRY(ptm_images_want_of(images, told->machine, name, NULL, 0, image));
	told->image = *image;
	return ptm_array_push(&images->guests, *told);
}

static ptm_status want_guest_module(ptm_images *images, int32_t machine, uint32_t name, uint64_t start, uint32_t *image, uint32_t *dso)
{
	const char *text = ptm_strings_get(images->strings, name);

	*dso = name;
	if (*text == '/')
		PTM_TRY(ptm_kernel_module_dso(images, text, dso));
	PTM_TRY(ptm_images_want_of(images, machine, name, NULL, 0, image));
	note_start(&images->images.at[*image], start);
	return PTM_OK;
}

ptm_status ptm_kernel_want_guest(ptm_images *images, int32_t machine, uint32_t name, uint64_t start, uint64_t end, uint64_t reference,
				 uint32_t *image, uint32_t *dso)
{
	char text[256]; /* as much as a name of a kernel, or of its modules, has */
	ptm_kernel told = { .machine = machine, .start = start, .end = end, .reference = reference };

	*image = *dso = 0;
	snprintf(text, sizeof text, "%s", ptm_strings_get(images->strings, name));
	if (!strncmp(text, GUEST_NAME, sizeof GUEST_NAME - 1) && !machine)
		PTM_TRY(want_guest_kernel(images, &told, text + sizeof GUEST_NAME - 1, image));
	else if (!strncmp(text, PTM_KERNEL_NAME, sizeof PTM_KERNEL_NAME - 1) && machine)
		PTM_TRY(want_guest_kernel(images, &told, text + sizeof PTM_KERNEL_NAME - 1, image));
	else if (*text == '/' || (*text == '[' && strncmp(text, GUEST_NAME, sizeof GUEST_NAME - 2)))
		PTM_TRY(want_guest_module(images, machine, name, start, image, dso));
	if (!*image)
		return PTM_OK;
	if (!*dso)
		*dso = images->images.at[*image].path;
	images->images.at[*image].is_kernel = images->images.at[*image].is_guest = true;
	images->images.at[*image].is_anonymous = false;
	return PTM_OK;
}

/* ---------------------------------------------------------- what is given */

bool ptm_kernel_is(const ptm_elf *elf)
{
	bool found = elf->type == CORE_FILE;
	for (uint32_t i = 0; i < elf->loads.length && !found && !elf->is_32bit; i++)
		found = elf->loads.at[i].executable && elf->loads.at[i].address >= KERNEL_HALF;
	return found;
}

const ptm_symbol *ptm_kernel_symbol(ptm_images *images, ptm_kernel *kernel, uint64_t address)
{
	if (!kernel->names && kernel->kallsyms.size &&
	    ptm_symbol_index_read_list(&kernel->names, PTM_NAMES_KALLSYMS, kernel->kallsyms.source, kernel->kallsyms.size) != PTM_OK)
		kernel->kallsyms.size = 0;
	return ptm_symbol_index_find(kernel->names, images->strings, address);
}

/* A core file's segments with code are the kernel's and its modules'. */
static ptm_status core_pieces(ptm_images *images, ptm_kernel *kernel, const ptm_elf *elf)
{
	uint32_t dso = images->images.at[kernel->image].path;
	for (uint32_t i = 0; i < elf->loads.length; i++) {
		const ptm_load *load = &elf->loads.at[i];
		if (!load->executable || load->address < KERNEL_HALF || !load->file_size || load->file_size > UINT64_MAX - load->address)
			continue;
		ptm_kernel_piece piece = { load->address, load->address + load->file_size, load->file_offset, dso };
		PTM_TRY(ptm_array_push(&kernel->pieces, piece));
	}
	return PTM_OK;
}

/* vmlinux is mapped section by section; those but .text have names of their own. */
static ptm_status vmlinux_pieces(ptm_images *images, ptm_kernel *kernel, const ptm_elf *elf)
{
	char name[48 + 64] = PTM_KERNEL_NAME;
	size_t own = kernel == &images->kernel ? sizeof PTM_KERNEL_NAME - 1 : guest_name(kernel->machine, name, 48);
	ptm_source names;
	ptm_status status = PTM_OK;
	ptm_source_init(&names, kernel->vmlinux.source, kernel->vmlinux.size, 4096);
	for (uint32_t i = 1; i < elf->sections.length && status == PTM_OK; i++) {
		const ptm_elf_section *section = &elf->sections.at[i];
		if (!(section->flags & PTM_SECTION_EXECUTABLE) || !(section->flags & PTM_SECTION_ALLOC) || section->type == PTM_SECTION_NOBITS ||
		    !section->size || section->size > UINT64_MAX - (section->address + kernel->slide))
			continue;
		ptm_kernel_piece piece = { section->address + kernel->slide, section->address + kernel->slide + section->size, section->offset, 0 };
		ptm_elf_section_name(elf, &names, section, name + own, 64);
		if (!strcmp(name + own, ".text"))
			name[own] = 0;
		status = ptm_strings_add(images->strings, name, strlen(name), &piece.dso);
		if (status == PTM_OK)
			status = ptm_array_push(&kernel->pieces, piece);
	}
	ptm_source_free(&names);
	return status;
}

/* The best code there is: what was in memory (kcore), else what was built (vmlinux). */
static ptm_status serve_code(ptm_images *images, ptm_kernel *kernel, ptm_image *image)
{
	ptm_given code = kernel->kcore.size ? kernel->kcore : kernel->vmlinux;
	ptm_message message;
	ptm_source source;
	ptm_elf elf;

	kernel->pieces.length = 0;
	if (!code.size)
		return PTM_OK;
	ptm_source_init(&source, code.source, code.size, 16384);
	ptm_status status = ptm_elf_read(&elf, &source, "", &message);
	if (status == PTM_OK)
		status = ptm_image_serve(image, &elf, code.source, code.size, UINT32_MAX);
	if (status == PTM_OK)
		status = kernel->kcore.size ? core_pieces(images, kernel, &elf) : vmlinux_pieces(images, kernel, &elf);
	ptm_elf_free(&elf);
	ptm_source_free(&source);
	return status;
}

/* Settles who serves what, after something was given. */
static ptm_status settle(ptm_images *images, ptm_kernel *kernel)
{
	ptm_image *image = &images->images.at[kernel->image];

	PTM_TRY(serve_code(images, kernel, image));
	ptm_symbols_free(image);
	image->names = PTM_NAMES_ELF;
	image->names_size = image->names_slide = 0;
	if (kernel->kallsyms.size && (kernel->kcore.size || !kernel->vmlinux.size))
		image->names = PTM_NAMES_KALLSYMS;
	if (kernel->kcore.size && kernel->vmlinux.size) {
		image->names_source = image->debug_source = kernel->vmlinux.source;
		image->names_size = image->debug_size = kernel->vmlinux.size;
		image->names_slide = kernel->slide;
	}
	for (uint32_t i = 1; i < images->images.length && kernel->kallsyms.size; i++)
		if (i != kernel->image && images->images.at[i].is_kernel && images->images.at[i].names == PTM_NAMES_ELF &&
		    ptm_kernel_of_image(images, &images->images.at[i]) == kernel)
			images->images.at[i].names = PTM_NAMES_KALLSYMS;
	image->message.text[0] = 0;
	images->maps_changed = true;
	return PTM_OK;
}

static ptm_status no_kernel(const char *path, ptm_message *message)
{
	return ptm_message_set(message, PTM_NOT_FOUND, "%s is not needed: this trace is of user code only, it names no kernel.", path);
}

/* What was refused stands in the kernel's row until something fits. */
static ptm_status keep_refusal(ptm_images *images, const ptm_kernel *kernel, ptm_status status, const ptm_message *message)
{
	ptm_image *image = &images->images.at[kernel->image];
	if (status == PTM_MISMATCH && image->status != PTM_IMAGE_LOADED) {
		image->status = PTM_IMAGE_MISMATCHED;
		image->message = *message;
	}
	return status;
}

/* A file that is given: an ELF file, or (`elf` NULL) a kallsyms. */
typedef struct offered {
	const ptm_elf *elf;
	ptm_given given;
	const char *path;
} offered;

/* Whether it is of that kernel; `slide`: what is stored of a vmlinux. */
static ptm_status check(ptm_images *images, const ptm_kernel *kernel, const offered *file, uint64_t *slide, ptm_message *message)
{
	if (!kernel->image)
		return no_kernel(file->path, message);
	if (!file->elf)
		return ptm_kernel_check_kallsyms(images, kernel, file->given.source, file->given.size, file->path, message);
	if (file->elf->type == CORE_FILE)
		return ptm_kernel_check_core(kernel, file->elf, file->path, message);
	return ptm_kernel_check_vmlinux(images, kernel, file->elf, file->given.source, file->given.size, file->path, slide, message);
}

static ptm_status take(ptm_images *images, ptm_kernel *kernel, const offered *file, uint64_t slide)
{
	if (!file->elf) {
		ptm_symbol_index_free(kernel->names);
		kernel->names = NULL;
		kernel->kallsyms = file->given;
	} else if (file->elf->type == CORE_FILE) {
		kernel->kcore = file->given;
	} else {
		kernel->vmlinux = file->given;
		kernel->slide = slide;
	}
	return settle(images, kernel);
}

static ptm_status offer_to(ptm_images *images, ptm_kernel *kernel, const offered *file, ptm_message *message)
{
	uint64_t slide = 0;
	ptm_status status = check(images, kernel, file, &slide, message);
	return status == PTM_OK ? take(images, kernel, file, slide) : keep_refusal(images, kernel, status, message);
}

/* The guest that a bundle's file is named after; 0: none. */
static uint32_t named_guest(const ptm_images *images, const char *path)
{
	for (uint32_t i = 0; i < images->guests.length; i++)
		if (!strcmp(ptm_strings_get(images->strings, images->images.at[images->guests.at[i].image].path), path))
			return i + 1;
	return 0;
}

/* To the one guest that it fits. Kernels of one build are at one address in many guests: which of them ran in which is not guessed. */
static ptm_status offer_to_guests(ptm_images *images, const offered *file, ptm_message *message)
{
	uint32_t found = named_guest(images, file->path);
	ptm_status refused = PTM_OK;
	uint64_t slide = 0, own = 0;
	ptm_message why;

	if (found)
		return offer_to(images, &images->guests.at[found - 1], file, message);
	for (uint32_t i = 0; i < images->guests.length; i++) {
		ptm_status status = check(images, &images->guests.at[i], file, &own, &why);
		if (status != PTM_OK && refused == PTM_OK) {
			refused = status;
			*message = why;
		}
		if (status != PTM_OK)
			continue;
		if (found)
			return ptm_message_set(message, PTM_MISMATCH, "%s fits the kernels of two guests (of processes %d and %d): say whose it is by its place in a folder, as DIR/%d/proc/%s (drop DIR, or ptarmigan --guestmount DIR).",
				file->path, images->guests.at[found - 1].machine, images->guests.at[i].machine, images->guests.at[found - 1].machine, file->elf ? file->elf->type == CORE_FILE ? "kcore" : "vmlinux" : "kallsyms");
		found = i + 1;
		slide = own;
	}
	if (found)
		return take(images, &images->guests.at[found - 1], file, slide);
	if (!images->guests.length)
		return no_kernel(file->path, message);
	return images->guests.length == 1 && images->for_guest ? keep_refusal(images, &images->guests.at[0], refused, message) : refused;
}

/* First to the kernel whose files are offered; what the traced machine's does not take may be its guests'. */
static ptm_status offer(ptm_images *images, const offered *file, ptm_message *message)
{
	ptm_message other;

	if (images->for_guest == PTM_ANY_GUEST || named_guest(images, file->path))
		return offer_to_guests(images, file, message);
	if (images->for_guest == PTM_NO_GUEST)
		return offer_to(images, &images->kernel, file, message);
	if (images->for_guest) {
		uint32_t guest = ptm_kernel_of_guest(images, images->for_guest);
		return guest ? offer_to(images, &images->guests.at[guest - 1], file, message) : no_kernel(file->path, message);
	}
	uint64_t slide = 0;
	ptm_status status = check(images, &images->kernel, file, &slide, message);
	if (status == PTM_OK)
		return take(images, &images->kernel, file, slide);
	if (images->guests.length && (status == PTM_MISMATCH || status == PTM_NOT_FOUND)) {
		ptm_status guests = offer_to_guests(images, file, &other);
		if (guests != PTM_MISMATCH && guests != PTM_NOT_FOUND)
			return guests;
		if (!images->kernel.image) {
			*message = other;
			return guests;
		}
	}
	return keep_refusal(images, &images->kernel, status, message);
}

ptm_status ptm_kernel_offer(ptm_images *images, const ptm_elf *elf, uint32_t source, uint64_t size, const char *path, ptm_message *message)
{
	return offer(images, &(offered){ elf, { source, size }, path }, message);
}

ptm_status ptm_kernel_offer_kallsyms(ptm_images *images, uint32_t source, uint64_t size, const char *path, ptm_message *message)
{
	if (size > UINT32_MAX)
		return ptm_message_set(message, PTM_UNSUPPORTED, "%s is too large for a list of symbols (%llu bytes).", path, (unsigned long long)size);
	return offer(images, &(offered){ NULL, { source, size }, path }, message);
}
