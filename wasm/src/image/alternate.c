/* SPDX-License-Identifier: Apache-2.0 */
#include "image/alternate.h"
#include "base/bytes.h"
#include "image/dwarf.h"
#include "image/lines.h"
#include "image/serve.h"

#define MOST_BYTES 4096u
#define WINDOW 16384u

/* What such a section says. */
typedef struct link {
	bool is_supplementary;   /* it is of the shared file itself */
	const char *name;
	const uint8_t *id;
	uint32_t id_length;
} link;

static bool take_name(ptm_bytes *bytes, link *found)
{
	const uint8_t *end = memchr(bytes->at, 0, ptm_bytes_left(bytes));
	if (!end)
		return false;
	found->name = (const char *)bytes->at;
	ptm_bytes_skip(bytes, (size_t)(end - bytes->at) + 1);
	return true;
}

/* Bytes of a section of this name, valid until the source is read again; NULL: it is not there. */
static const uint8_t *section_bytes(const ptm_elf *elf, ptm_source *source, const char *name, uint32_t *length)
{
	const ptm_elf_section *section = ptm_elf_section_named(elf, source, name);
	const uint8_t *at;
	if (!section || section->type == PTM_SECTION_NOBITS || section->size > MOST_BYTES)
		return NULL;
	*length = (uint32_t)section->size;
	return ptm_source_view(source, section->offset, *length, &at) == PTM_OK ? at : NULL;
}

static bool read_link(const ptm_elf *elf, ptm_source *source, link *found)
{
	uint32_t length;
	*found = (link){ 0 };
	const uint8_t *at = section_bytes(elf, source, ".gnu_debugaltlink", &length);
	if (at) {
		ptm_bytes bytes = ptm_bytes_of(at, length);
		if (!take_name(&bytes, found))
			return false;
		found->id_length = (uint32_t)ptm_bytes_left(&bytes);
		found->id = bytes.at;
		return found->id_length;
	}
	at = section_bytes(elf, source, ".debug_sup", &length);
	if (!at)
		return false;
	ptm_bytes bytes = ptm_bytes_of(at, length);
	ptm_bytes_skip(&bytes, 2);
	found->is_supplementary = ptm_bytes_u8(&bytes);
	if (bytes.failed || !take_name(&bytes, found))
		return false;
	uint64_t left = ptm_bytes_leb(&bytes);
	found->id_length = left < MOST_BYTES ? (uint32_t)left : MOST_BYTES;
	found->id = ptm_bytes_take(&bytes, found->id_length);
	return found->id && found->id_length;
}

ptm_status ptm_alternate_note(ptm_images *images, ptm_image *image)
{
	ptm_given file = ptm_image_debug_file(image);
	ptm_elf elf = { 0 };
	ptm_source source;
	ptm_message message;
	link found;

	image->alternate_name = 0;
	image->alternate_id_length = 0;
	image->alternate.size = 0;
	ptm_source_init(&source, file.source, file.size, WINDOW);
	ptm_status status = ptm_elf_read(&elf, &source, "", &message);
	if (status == PTM_OK && read_link(&elf, &source, &found) && !found.is_supplementary) {
		image->alternate_id_length = found.id_length < sizeof image->alternate_id ? (uint8_t)found.id_length : sizeof image->alternate_id;
		memcpy(image->alternate_id, found.id, image->alternate_id_length);
		status = ptm_strings_add(images->strings, found.name, strlen(found.name), &image->alternate_name);
	}
	ptm_elf_free(&elf);
	ptm_source_free(&source);
	return status == PTM_NO_MEMORY ? status : PTM_OK;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

ptm_status ptm_alternate_offer(ptm_images *images, const ptm_elf *elf, ptm_source *reader, const char *path, uint32_t *served, ptm_message *message)
{
	uint8_t id[20];
	uint32_t length = elf->build_id_length;
	const ptm_image *namesake = NULL;
	link own;

	/* Binaries may share nothing but strings. */
	if (elf->loads.length || !(ptm_elf_section_named(elf, reader, ".debug_info") || ptm_elf_section_named(elf, reader, ".debug_str")))
		return PTM_NOT_FOUND;
	memcpy(id, elf->build_id, sizeof id);
	if (read_link(elf, reader, &own) && own.is_supplementary) {
		length = own.id_length < sizeof id ? own.id_length : sizeof id;
		memcpy(id, own.id, length);
	}
	for (uint32_t i = 1; i < images->images.length; i++) {
		ptm_image *image = &images->images.at[i];
		if (!image->alternate_name)
			continue;
		if (ptm_same_build(image->alternate_id, image->alternate_id_length, id, length)) {
			ptm_lines_free(image);
			image->alternate = (ptm_given){ reader->id, reader->size };
			(*served)++;
		} else if (!strcmp(base_name(ptm_strings_get(images->strings, image->alternate_name)), base_name(path))) {
			namesake = image;
		}
	}
	if (*served)
		return PTM_OK;
	if (!namesake)
		return PTM_NOT_FOUND;
	return ptm_message_set(message, PTM_MISMATCH, "%s has the name of the file that %s shares debug information in, but not its id: it is of another build.",
			       path, ptm_strings_get(images->strings, namesake->path));
}
