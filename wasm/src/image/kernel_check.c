/* SPDX-License-Identifier: Apache-2.0 */
#include "image/kernel_check.h"
#include "base/bytes.h"
#include "image/name_list.h"
#include "image/serve.h"

#define ALIGNMENT (2u << 20)     /* the kernel is moved by multiples of this */
#define BANNER "Linux version "
#define CHECK_WINDOW (1u << 20)

/* Where the trace's kernel was: its own word, or that it did not say. */
static ptm_status place_known(const ptm_kernel *kernel, const char *path, ptm_message *message)
{
	if (kernel->reference)
		return PTM_OK;
	return ptm_message_set(message, PTM_MISMATCH, "%s cannot be checked: the recording does not say where its kernel was (kernel.kptr_restrict "
			       "hid it). Record as root, or with sysctl kernel.kptr_restrict=0.", path);
}

/* ------------------------------------------------------------------ vmlinux */

/* What the checks need of the symbols of a vmlinux. */
typedef struct landmarks {
	const char *reference;   /* name looked for */
	uint64_t reference_address, banner_address;
	bool has_reference, has_banner;
} landmarks;

static bool is_name(ptm_pages *names, uint64_t offset, uint64_t end, const char *wanted)
{
	const uint8_t *at;
	uint32_t there;
	size_t length = strlen(wanted) + 1;
	for (size_t done = 0; done < length; done++, offset++)
		if (offset >= end || ptm_pages_view(names, offset, &at, &there) != PTM_OK || *at != (uint8_t)wanted[done])
			return false;
	return true;
}

/* Walks the symbol table once. */
static ptm_status find_landmarks(const ptm_elf *elf, ptm_source *source, landmarks *found)
{
	const ptm_elf_section *table = ptm_elf_section_named(elf, source, ".symtab");
	ptm_pages names;
	const uint8_t *at;
	ptm_status status = PTM_OK;
	if (!table || table->entry_size != 24 || table->link >= elf->sections.length || table->offset > source->size ||
	    table->size > source->size - table->offset)
		return PTM_OK;
	const ptm_elf_section *strings = &elf->sections.at[table->link];
	ptm_pages_init(&names, source->id, source->size, CHECK_WINDOW);
	for (uint64_t i = 1; i < table->size / 24 && status == PTM_OK && !(found->has_reference && found->has_banner); i++) {
		status = ptm_source_view(source, table->offset + i * 24, 24, &at);
		if (status != PTM_OK)
			break;
		ptm_bytes bytes = ptm_bytes_of(at, 24);
		uint64_t name = strings->offset + ptm_bytes_u32(&bytes), end = strings->offset + strings->size;
		ptm_bytes_skip(&bytes, 4);
		uint64_t value = ptm_bytes_u64(&bytes);
		if (!found->has_reference && is_name(&names, name, end, found->reference)) {
			found->reference_address = value;
			found->has_reference = true;
		} else if (!found->has_banner && is_name(&names, name, end, "linux_banner")) {
			found->banner_address = value;
			found->has_banner = true;
		}
	}
	ptm_pages_free(&names);
	return status;
}

/* Lowest code there is: where a kernel begins. */
static uint64_t first_code(const ptm_elf *elf)
{
	uint64_t first = UINT64_MAX;
	for (uint32_t i = 0; i < elf->loads.length; i++)
		if (elf->loads.at[i].executable && elf->loads.at[i].address < first)
			first = elf->loads.at[i].address;
	return first;
}

/* "Linux version RELEASE (…" names the release. */
static ptm_status check_release(const ptm_images *images, const ptm_kernel *kernel, const ptm_elf *elf, ptm_source *source, const landmarks *found, const char *path,
				ptm_message *message)
{
	const char *wanted = ptm_strings_get(images->strings, kernel->release);
	bool is_guest = kernel->machine;
	char release[128];
	uint32_t length = sizeof BANNER - 1 + sizeof release - 1;
	const uint8_t *at;
	uint64_t offset = UINT64_MAX;
	if (!*wanted)
		return PTM_OK;
	for (uint32_t i = 0; i < elf->loads.length && found->has_banner; i++)
		if (found->banner_address >= elf->loads.at[i].address && found->banner_address - elf->loads.at[i].address < elf->loads.at[i].file_size)
			offset = found->banner_address - elf->loads.at[i].address + elf->loads.at[i].file_offset;
	if (offset > source->size || ptm_source_view_some(source, offset, &length, &at) != PTM_OK || length < sizeof BANNER ||
	    memcmp(at, BANNER, sizeof BANNER - 1))
		return ptm_message_set(message, PTM_MISMATCH, "%s cannot be checked: the trace does not tell its kernel's build-id, and this file "
				       "has no banner that would tell its release.", path);
	length -= sizeof BANNER - 1;
	memcpy(release, at + sizeof BANNER - 1, length);
	release[length < sizeof release ? length : sizeof release - 1] = 0;
	release[strcspn(release, " \n")] = 0;
	if (strcmp(release, wanted))
		return ptm_message_set(message, PTM_MISMATCH, "%s is Linux %s, but the %s ran on %s: this is another kernel. Use the vmlinux of "
				       "the %s.", path, release, is_guest ? "guest" : "trace", wanted, is_guest ? "guest" : "traced machine");
	return PTM_OK;
}

static ptm_status check_build(const ptm_images *images, const ptm_kernel *kernel, const ptm_elf *elf, ptm_source *source, const landmarks *found, const char *path,
			      ptm_message *message)
{
	const ptm_image *image = &images->images.at[kernel->image];
	if (!image->build_id_length)
		return check_release(images, kernel, elf, source, found, path, message);
	if (ptm_same_build(image->build_id, image->build_id_length, elf->build_id, elf->build_id_length))
		return PTM_OK;
	return ptm_refuse_build(image, path, elf->build_id, elf->build_id_length, message);
}

ptm_status ptm_kernel_check_vmlinux(const ptm_images *images, const ptm_kernel *kernel, const ptm_elf *elf, uint32_t source, uint64_t size, const char *path,
				    uint64_t *slide, ptm_message *message)
{
	landmarks found = { .reference = ptm_strings_get(images->strings, kernel->reference_name) };
	ptm_source reader;

	PTM_TRY(place_known(kernel, path, message));
	ptm_source_init(&reader, source, size, CHECK_WINDOW);
	ptm_status status = find_landmarks(elf, &reader, &found);
	if (status == PTM_OK)
		status = check_build(images, kernel, elf, &reader, &found, path, message);
	ptm_source_free(&reader);
	PTM_TRY(status);
	uint64_t linked = found.has_reference ? found.reference_address : first_code(elf), moved = kernel->reference - linked;
	if (moved % ALIGNMENT)
		return ptm_message_set(message, PTM_MISMATCH, "%s has %s at %llx, but the trace's kernel had it at %llx: this is another kernel (they "
				       "are not a multiple of 2 MB apart).", path, found.reference, (unsigned long long)linked,
				       (unsigned long long)kernel->reference);
	*slide = moved;
	return PTM_OK;
}

/* -------------------------------------------------------------------- kcore */

ptm_status ptm_kernel_check_core(const ptm_kernel *kernel, const ptm_elf *elf, const char *path, ptm_message *message)
{
	uint64_t nearest = 0;
	PTM_TRY(place_known(kernel, path, message));
	for (uint32_t i = 0; i < elf->loads.length; i++) {
		const ptm_load *load = &elf->loads.at[i];
		if (!load->executable || !load->file_size || load->address > kernel->start)
			continue;
		if (kernel->start - load->address < ALIGNMENT && kernel->start - load->address < load->file_size)
			return PTM_OK;
		if (load->address > nearest)
			nearest = load->address;
	}
	return ptm_message_set(message, PTM_MISMATCH, "%s is of another boot or another kernel: it has no code that begins at %llx, where the trace's "
			       "kernel began (nearest: %llx). Use the copy that perf record --kcore made.", path,
			       (unsigned long long)kernel->start, (unsigned long long)nearest);
}

/* ----------------------------------------------------------------- kallsyms */

typedef struct search {
	const char *wanted;
	size_t length;
	uint64_t found;
	bool any, all_zero;
} search;

static ptm_status look_for(void *context, const ptm_name_line *line)
{
	search *search = context;
	ptm_kallsyms_line told;
	if (!ptm_kallsyms_line_read(line, &told) || told.module)
		return PTM_OK;
	if (told.address)
		search->all_zero = false;
	if (told.name_length != search->length || memcmp(line->at + told.name, search->wanted, search->length))
		return PTM_OK;
	search->any = true;
	search->found = told.address;
	return search->all_zero ? PTM_OK : PTM_END;
}

ptm_status ptm_kernel_check_kallsyms(const ptm_images *images, const ptm_kernel *kernel, uint32_t source, uint64_t size, const char *path, ptm_message *message)
{
	const char *name = ptm_strings_get(images->strings, kernel->reference_name);
	search search = { .wanted = *name ? name : "_text", .all_zero = true };
	ptm_source lines;

	search.length = strlen(search.wanted);
	PTM_TRY(place_known(kernel, path, message));
	ptm_source_init(&lines, source, size, CHECK_WINDOW);
	ptm_status status = ptm_name_lines(&lines, look_for, &search);
	ptm_source_free(&lines);
	if (status != PTM_OK && status != PTM_END)
		return status;
	if (search.all_zero)
		return ptm_message_set(message, PTM_BAD_DATA, "%s has no addresses: all are zero, or it is empty. Copy /proc/kallsyms as root.", path);
	if (!search.any)
		return ptm_message_set(message, PTM_MISMATCH, "%s has no symbol %s, by which the trace tells where its kernel was: it cannot be checked "
				       "and is not used.", path, search.wanted);
	if (search.found != kernel->reference)
		return ptm_message_set(message, PTM_MISMATCH, "%s has %s at %llx, but the trace's kernel had it at %llx: this is another kernel, or "
				       "another boot of it. Use the copy made when the trace was recorded.", path, search.wanted,
				       (unsigned long long)search.found, (unsigned long long)kernel->reference);
	return PTM_OK;
}
