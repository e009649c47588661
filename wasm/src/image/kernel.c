/* SPDX-License-Identifier: Apache-2.0 */
#include "image/kernel.h"
#include "image/kernel_check.h"
#include "image/kernel_module.h"
#include "image/serve.h"
#include "image/symbols.h"
#include <stdio.h>

#define KERNEL_NAME "[kernel.kallsyms]"
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
	bool is_kernel = !strncmp(text, KERNEL_NAME, sizeof KERNEL_NAME - 1);
	char suffix[64] = "";

	*dso = name;
	if (is_kernel) {
		snprintf(suffix, sizeof suffix, "%s", bracket + 1);
		PTM_TRY(ptm_strings_add(images->strings, KERNEL_NAME, sizeof KERNEL_NAME - 1, dso));
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

ptm_status ptm_kernel_want_guest(ptm_images *images, int32_t machine, uint32_t name, uint64_t start, uint64_t end, uint64_t reference, uint32_t *image)
{
	ptm_kernel *guest = &images->guest;
	const char *text = ptm_strings_get(images->strings, name), *own = machine ? KERNEL_NAME : GUEST_NAME;
	const size_t length = strlen(own);
	char called[48];

	*image = 0;
	if (strncmp(text, own, length))
		return PTM_OK;
	if (guest->image) {
		*image = start == guest->start && machine == guest->machine ? guest->image : 0;
		return PTM_OK;
	}
	PTM_TRY(ptm_strings_add(images->strings, text + length, strlen(text + length), &guest->reference_name));
	PTM_TRY(ptm_strings_add(images->strings, called, guest_name(machine, called, sizeof called), &name));
	PTM_TRY(ptm_images_want(images, name, NULL, 0, image));
	images->images.at[*image].is_kernel = images->images.at[*image].is_guest = true;
	guest->image = *image;
	guest->machine = machine;
	guest->start = start;
	guest->end = end;
	guest->reference = reference;
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
	char name[48 + 64] = KERNEL_NAME;
	size_t own = kernel == &images->guest ? guest_name(kernel->machine, name, 48) : sizeof KERNEL_NAME - 1;
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
	for (uint32_t i = 1; i < images->images.length && kernel == &images->kernel && kernel->kallsyms.size; i++)
		if (i != kernel->image && images->images.at[i].is_kernel && !images->images.at[i].is_guest && images->images.at[i].names == PTM_NAMES_ELF)
			images->images.at[i].names = PTM_NAMES_KALLSYMS;
	image->message.text[0] = 0;
	images->maps_changed = true;
	return PTM_OK;
}

/* Whose kernel's files are offered first; NULL: of a guest whose kernel is not known. */
static ptm_kernel *offered_kernel(ptm_images *images)
{
	if (!images->for_guest)
		return &images->kernel;
	return images->for_guest == PTM_ANY_GUEST || images->guest.machine == images->for_guest ? &images->guest : NULL;
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

/* Whose a refused file may be instead: the guests'. */
static bool may_be_guests(const ptm_images *images, ptm_status status)
{
	return images->guest.image && !images->for_guest && (status == PTM_MISMATCH || status == PTM_NOT_FOUND);
}

static ptm_status offer_elf(ptm_images *images, ptm_kernel *kernel, const ptm_elf *elf, const ptm_given *given, const char *path, ptm_message *message)
{
	bool is_core = elf->type == CORE_FILE;
	if (!kernel->image)
		return no_kernel(path, message);
	ptm_status status = is_core ? ptm_kernel_check_core(kernel, elf, path, message)
				    : ptm_kernel_check_vmlinux(images, kernel, elf, given->source, given->size, path, &kernel->slide, message);
	PTM_TRY(status);
	*(is_core ? &kernel->kcore : &kernel->vmlinux) = *given;
	return settle(images, kernel);
}

ptm_status ptm_kernel_offer(ptm_images *images, const ptm_elf *elf, uint32_t source, uint64_t size, const char *path, ptm_message *message)
{
	ptm_given given = { source, size };
	ptm_message other;
	ptm_kernel *kernel = offered_kernel(images);
	if (!kernel)
		return no_kernel(path, message);
	ptm_status status = offer_elf(images, kernel, elf, &given, path, message);
	if (may_be_guests(images, status) && offer_elf(images, &images->guest, elf, &given, path, &other) == PTM_OK)
		return PTM_OK;
	return keep_refusal(images, kernel, status, message);
}

static ptm_status offer_kallsyms(ptm_images *images, ptm_kernel *kernel, const ptm_given *given, const char *path, ptm_message *message)
{
	if (!kernel->image)
		return no_kernel(path, message);
	if (given->size > UINT32_MAX)
		return ptm_message_set(message, PTM_UNSUPPORTED, "%s is too large for a list of symbols (%llu bytes).", path, (unsigned long long)given->size);
	ptm_status status = ptm_kernel_check_kallsyms(images, kernel, given->source, given->size, path, message);
	PTM_TRY(status);
	ptm_symbol_index_free(kernel->names);
	kernel->names = NULL;
	kernel->kallsyms = *given;
	return settle(images, kernel);
}

ptm_status ptm_kernel_offer_kallsyms(ptm_images *images, uint32_t source, uint64_t size, const char *path, ptm_message *message)
{
	ptm_given given = { source, size };
	ptm_message other;
	ptm_kernel *kernel = offered_kernel(images);
	if (!kernel)
		return no_kernel(path, message);
	ptm_status status = offer_kallsyms(images, kernel, &given, path, message);
	if (may_be_guests(images, status) && offer_kallsyms(images, &images->guest, &given, path, &other) == PTM_OK)
		return PTM_OK;
	return keep_refusal(images, kernel, status, message);
}
