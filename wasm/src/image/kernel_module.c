/* SPDX-License-Identifier: Apache-2.0 */
#include "image/kernel_module.h"
#include "image/kernel.h"
#include "image/lines.h"
#include "image/serve.h"
#include "image/symbols.h"
#include "base/bytes.h"

#define RELOCATABLE 1            /* ET_REL */
#define MOST_INFO 65536u         /* of .modinfo: real ones are some kilobytes */
#define VERMAGIC "vermagic="

bool ptm_kernel_module_is(const ptm_elf *elf, ptm_source *source)
{
	return elf->type == RELOCATABLE && ptm_elf_section_named(elf, source, ".modinfo");
}

void ptm_kernel_module_name(const char *path, char *into, size_t capacity)
{
	const char *name = path;
	size_t length = 0;
	for (const char *at = path; *at; at++)
		if (*at == '/' || *at == '\\' || *at == '[')
			name = at + 1;
	const char *end = strstr(name, ".ko");
	for (; *name && *name != ']' && name != end && length < capacity - 1; name++)
		into[length++] = *name == '-' ? '_' : *name;
	into[length] = 0;
}

/* Stores the release of the kernel that the module was made for, "" where it does not say. */
static ptm_status made_for(const ptm_elf *elf, ptm_source *source, char *into, size_t capacity)
{
	const ptm_elf_section *section = ptm_elf_section_named(elf, source, ".modinfo");
	const uint8_t *at;
	*into = 0;
	if (!section || section->type == PTM_SECTION_NOBITS)
		return PTM_OK;
	uint32_t length = section->size < MOST_INFO ? (uint32_t)section->size : MOST_INFO;
	PTM_TRY(ptm_source_view_some(source, section->offset, &length, &at));
	/* Texts of the form name=value, with NULs between them. */
	for (uint32_t i = 0; i < length;) {
		const char *text = (const char *)at + i;
		size_t size = strnlen(text, length - i), release = sizeof VERMAGIC - 1, copied = 0;
		if (size > release && !memcmp(text, VERMAGIC, release))
			for (; release < size && text[release] != ' ' && copied < capacity - 1; release++)
				into[copied++] = text[release];
		if (copied)
			into[copied] = 0;
		i += (uint32_t)size + 1;
	}
	return PTM_OK;
}

static ptm_status check(ptm_images *images, const ptm_image *image, const ptm_elf *elf, ptm_source *source, const char *path, ptm_message *message)
{
	const ptm_kernel *kernel = ptm_kernel_of_image(images, image);
	const char *wanted = kernel ? ptm_strings_get(images->strings, kernel->release) : "";
	char release[128];
	if (image->build_id_length)
		return ptm_same_build(image->build_id, image->build_id_length, elf->build_id, elf->build_id_length)
			? PTM_OK : ptm_refuse_build(image, path, elf->build_id, elf->build_id_length, message);
	PTM_TRY(made_for(elf, source, release, sizeof release));
	if (!*wanted || !strcmp(release, wanted))
		return PTM_OK;
	return ptm_message_set(message, PTM_MISMATCH, "%s was made for Linux %s, but the trace ran on %s: use the module of the traced machine.", path,
			       *release ? release : "of no known release", wanted);
}

/* Names are found at what the map of the module begins with: its .text. */
static void serve(ptm_image *image, const ptm_elf_section *text, const ptm_source *source, const char *path)
{
	ptm_lines_free(image);
	image->module_file = (ptm_given){ source->id, source->size };
	if (image->names != PTM_NAMES_ELF) /* they are in kallsyms */
		return;
	ptm_symbols_free(image);
	image->names_source = source->id;
	image->names_size = source->size;
	image->names_slide = image->module_start - text->offset;
	image->status = PTM_IMAGE_MISSING;
	(void)ptm_message_set(&image->message, PTM_OK, "%s names its functions. Its code is not used: the kernel moves and patches it when it loads a "
			      "module. perf record --kcore keeps a copy of what ran.", path);
}

static bool has_place(const ptm_image *image)
{
	return image->module_start && (image->names == PTM_NAMES_ELF || image->names == PTM_NAMES_KALLSYMS);
}

/* Whether files are given of its machine: one of a guest's is not guessed to be the host's, or the other way round. */
static bool is_asked(const ptm_images *images, const ptm_image *image)
{
	if (images->for_guest <= 0)
		return image->is_guest == (images->for_guest == PTM_ANY_GUEST);
	return image->machine == images->for_guest;
}

ptm_status ptm_kernel_module_offer(ptm_images *images, const ptm_elf *elf, ptm_source *source, const char *path, uint32_t *served,
				   ptm_message *message)
{
	const ptm_elf_section *text = ptm_elf_section_named(elf, source, ".text");
	char name[128], wanted[128];
	ptm_status refused = PTM_NOT_FOUND;
	ptm_kernel_module_name(path, name, sizeof name);
	for (uint32_t i = 1; i < images->images.length && text; i++) {
		ptm_image *image = &images->images.at[i];
		if (!image->is_kernel || i == images->kernel.image || !has_place(image) || !is_asked(images, image))
			continue;
		ptm_kernel_module_name(ptm_strings_get(images->strings, image->path), wanted, sizeof wanted);
		bool by_id = ptm_same_build(image->build_id, image->build_id_length, elf->build_id, elf->build_id_length);
		if (!by_id && strcmp(name, wanted))
			continue;
		ptm_status status = check(images, image, elf, source, path, message);
		if (status != PTM_OK && status != PTM_MISMATCH)
			return status;
		if (status == PTM_OK) {
			serve(image, text, source, path);
			(*served)++;
		} else if (!image->names_size) {
			refused = status;
			image->status = PTM_IMAGE_MISMATCHED;
			image->message = *message;
		}
	}
	if (*served)
		return PTM_OK;
	if (refused == PTM_MISMATCH)
		return refused;
	return ptm_message_set(message, PTM_NOT_FOUND, "%s is not needed: the trace names no kernel module of its build-id or its name.", path);
}
