/* SPDX-License-Identifier: Apache-2.0 */
/* The list of images: which binaries the maps want, and which given file is
 * which of them. */
#include "image/alternate.h"
#include "image/cfi.h"
#include "image/debug_link.h"
#include "image/function_files.h"
#include "image/kernel.h"
#include "image/kernel_module.h"
#include "image/lines.h"
#include "image/names.h"
#include "image/serve.h"
#include "image/split_files.h"
#include "image/symbols.h"

/* The numbers are doubled, and one more for a whole file. */
#define BY_PLACE (1u << 20)      /* said to be of that machine: surer than any path */
#define BY_BUILD_ID (1u << 30)
#define CODE_PAGE 65536u
#define FRAME_WINDOW 16384u      /* headers and notes */

ptm_status ptm_images_init(ptm_images *images, ptm_strings *strings)
{
	uint32_t empty;
	*images = (ptm_images){ .strings = strings };
	PTM_TRY(ptm_strings_add(strings, "", 0, &empty));
	return ptm_array_push(&images->images, (ptm_image){ 0 });
}

/* Drops the given file, with all that was read from it. */
static void unload(ptm_image *image)
{
	ptm_pages_free(&image->code);
	ptm_symbols_free(image);
	ptm_lines_free(image);
	ptm_function_files_free(image);
	ptm_cfi_free(image);
	ptm_array_free(&image->loads);
	ptm_source_free(&image->source);
	image->status = PTM_IMAGE_MISSING;
	image->own_build_id_length = 0;
	image->debug_link = image->alternate_name = 0;
	image->lines_file.size = image->alternate.size = 0;
	image->match = 0;
}

void ptm_images_name(ptm_images *images, ptm_name_style style, bool newer_perf)
{
	for (uint32_t i = 0; i < images->images.length; i++) {
		ptm_image *image = &images->images.at[i];
		if (image->name_style == style && image->newer_perf == newer_perf)
			continue;
		/* Symbols that were read are read anew: which of several at one place perf takes depends on their names. */
		image->name_style = style;
		image->newer_perf = newer_perf;
		ptm_symbol_index_free(image->symbol_index);
		image->symbol_index = NULL;
		image->symbols_read = false;
	}
}

void ptm_images_free(ptm_images *images)
{
	for (uint32_t i = 0; i < images->images.length; i++)
		unload(&images->images.at[i]);
	ptm_array_free(&images->images);
	ptm_array_free(&images->by_path);
	ptm_array_free(&images->jitdumps);
	ptm_split_files_free(images);
	ptm_kernel_free(&images->kernel);
	for (uint32_t i = 0; i < images->guests.length; i++)
		ptm_kernel_free(&images->guests.at[i]);
	ptm_array_free(&images->guests);
}

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* What the kernel and perf call mappings that no file on disk backs. */
static void classify(ptm_image *image, const char *path)
{
	static const char *const anonymous[] = { "//anon", "/anon_hugepage", "anon_inode:", "/memfd:", "/dev/zero", "/SYSV", "/[aio]", "[" };
	size_t length = strlen(path);
	image->is_vdso = starts(path, "[vdso");
	image->is_kernel = starts(path, "[kernel") || starts(path, "[guest.kernel") || strstr(path, ".ko.") ||
			   (length > 3 && !strcmp(path + length - 3, ".ko"));
	if (!*path)
		image->is_anonymous = true;
	for (size_t i = 0; i < sizeof anonymous / sizeof *anonymous; i++)
		if (!image->is_vdso && !image->is_kernel && starts(path, anonymous[i]))
			image->is_anonymous = true;
}

bool ptm_same_build(const uint8_t *a, uint32_t a_length, const uint8_t *b, uint32_t b_length)
{
	if (!a_length || !b_length)
		return false;
	for (uint32_t i = 0; i < 20; i++)
		if ((i < a_length ? a[i] : 0) != (i < b_length ? b[i] : 0))
			return false;
	return true;
}

static void set_wanted(ptm_image *image, const uint8_t *build_id, uint32_t length)
{
	image->build_id_length = length < sizeof image->build_id ? (uint8_t)length : sizeof image->build_id;
	memcpy(image->build_id, build_id, image->build_id_length);
}

static uint32_t first_of_path(const ptm_images *images, uint32_t path)
{
	return path < images->by_path.length ? images->by_path.at[path] : 0;
}

ptm_status ptm_images_want(ptm_images *images, uint32_t path, const uint8_t *build_id, uint32_t build_id_length, uint32_t *image)
{
	return ptm_images_want_of(images, 0, path, build_id, build_id_length, image);
}

ptm_status ptm_images_want_of(ptm_images *images, int32_t machine, uint32_t path, const uint8_t *build_id, uint32_t build_id_length, uint32_t *image)
{
	uint32_t length = images->images.length;
	for (uint32_t i = first_of_path(images, path); i; i = images->images.at[i].next_same_path) {
		ptm_image *known = &images->images.at[i];
		if (known->machine != machine)
			continue;
		if (build_id_length && !known->build_id_length)
			set_wanted(known, build_id, build_id_length);
		if (build_id_length && !ptm_same_build(known->build_id, known->build_id_length, build_id, build_id_length))
			continue;
		*image = i;
		return PTM_OK;
	}
	while (images->by_path.length <= path)
		PTM_TRY(ptm_array_push(&images->by_path, 0));
	ptm_image made = { .path = path, .machine = machine, .next_same_path = images->by_path.at[path] };
	if (build_id_length)
		set_wanted(&made, build_id, build_id_length);
	classify(&made, ptm_strings_get(images->strings, path));
	PTM_TRY(ptm_array_push(&images->images, made));
	images->by_path.at[path] = length;
	*image = length;
	return PTM_OK;
}

ptm_status ptm_images_want_function(ptm_images *images, int32_t machine, uint32_t name, uint64_t size, uint32_t source, uint64_t source_size,
				    uint64_t offset, uint32_t *image)
{
	PTM_TRY(ptm_images_want_of(images, machine, name, NULL, 0, image));
	ptm_image *made = &images->images.at[*image];
	/* Another of the same name: its code is another, so it gets a row of its own. */
	if (made->names == PTM_NAMES_SELF && (made->self.address != offset || made->self.size != size)) {
		ptm_image again = { .path = name, .machine = machine, .next_same_path = made->next_same_path };
		*image = made->next_same_path = images->images.length;
		PTM_TRY(ptm_array_push(&images->images, again));
		made = &images->images.at[*image];
	}
	made->is_kernel = made->is_anonymous = true;
	made->names = PTM_NAMES_SELF;
	made->self = (ptm_symbol){ offset, size, name };
	if (!source_size || made->status == PTM_IMAGE_LOADED)
		return PTM_OK;
	made->status = PTM_IMAGE_LOADED;
	made->is_flat = true;
	ptm_source_init(&made->source, source, source_size, FRAME_WINDOW);
	ptm_pages_init(&made->code, source, source_size, CODE_PAGE);
	return PTM_OK;
}

static const char *hex(const uint8_t *build_id, uint32_t length, char *into)
{
	static const char digits[] = "0123456789abcdef";
	for (uint32_t i = 0; i < length; i++) {
		into[2 * i] = digits[build_id[i] >> 4];
		into[2 * i + 1] = digits[build_id[i] & 15];
	}
	into[2 * length] = 0;
	return into;
}

ptm_status ptm_refuse_build(const ptm_image *image, const char *path, const uint8_t *own, uint32_t own_length, ptm_message *message)
{
	char own_text[41], wanted_text[41];
	if (!own_length)
		return ptm_message_set(message, PTM_MISMATCH, "%s has no build-id, but the trace ran %s: this is another build. Use the "
				       "file from the traced machine.", path, hex(image->build_id, image->build_id_length, wanted_text));
	return ptm_message_set(message, PTM_MISMATCH, "%s has build-id %s, but the trace ran %s: this is another build. Use the file "
			       "from the traced machine.", path, hex(own, own_length, own_text),
			       hex(image->build_id, image->build_id_length, wanted_text));
}

void ptm_images_set_build_id(ptm_images *images, int32_t machine, uint32_t path, const uint8_t *build_id, uint32_t build_id_length)
{
	for (uint32_t i = build_id_length ? first_of_path(images, path) : 0; i; i = images->images.at[i].next_same_path) {
		ptm_image *image = &images->images.at[i];
		if (image->build_id_length || image->machine != machine)
			continue;
		set_wanted(image, build_id, build_id_length);
		uint8_t own[20], own_length = image->own_build_id_length;
		if (image->status != PTM_IMAGE_LOADED || ptm_same_build(image->own_build_id, own_length, build_id, build_id_length))
			continue;
		memcpy(own, image->own_build_id, sizeof own);
		unload(image);
		image->status = PTM_IMAGE_MISMATCHED;
		(void)ptm_refuse_build(image, ptm_strings_get(images->strings, path), own, own_length, &image->message);
	}
}

/* Length of a path without what the kernel adds when the file is unlinked. */
static size_t path_length(const char *path)
{
	size_t length = strlen(path);
	return length > 10 && !strcmp(path + length - 10, " (deleted)") ? length - 10 : length;
}

/* How many trailing parts of two paths agree; 0 when the file names differ. */
static uint32_t common_tail(const char *a, const char *b)
{
	size_t i = path_length(a), j = path_length(b);
	uint32_t parts = 0;
	while (i && j && (a[i - 1] == b[j - 1] || (a[i - 1] == '/' && b[j - 1] == '\\'))) {
		i--, j--;
		if (a[i] == '/')
			parts++;
	}
	bool whole = (!i || a[i - 1] == '/') && (!j || b[j - 1] == '/' || b[j - 1] == '\\');
	if (whole && (i < path_length(a)) && a[i] != '/')
		parts++;
	return parts;
}

static uint32_t agreement(const ptm_images *images, const ptm_image *image, const char *path)
{
	const char *wanted = ptm_strings_get(images->strings, image->path);
	if (image->is_anonymous || image->is_kernel)
		return 0;
	uint32_t parts = common_tail(wanted, path);
	if (!parts && image->is_vdso)
		parts = common_tail("vdso", path);
	return parts;
}

ptm_status ptm_image_serve(ptm_image *image, const ptm_elf *elf, uint32_t source, uint64_t size, uint32_t match)
{
	unload(image);
	if (match < BY_BUILD_ID)
		image->debug_size = 0;
	PTM_TRY(ptm_array_reserve(&image->loads, elf->loads.length));
	memcpy(image->loads.at, elf->loads.at, elf->loads.length * sizeof *elf->loads.at);
	image->loads.length = elf->loads.length;
	image->own_build_id_length = elf->build_id_length;
	memcpy(image->own_build_id, elf->build_id, sizeof elf->build_id);
	image->is_32bit = elf->is_32bit;
	image->match = match;
	image->status = PTM_IMAGE_LOADED;
	image->message.text[0] = 0;
	ptm_source_init(&image->source, source, size, FRAME_WINDOW);
	ptm_pages_init(&image->code, source, size, CODE_PAGE);
	return PTM_OK;
}

/* Notes where the binary says that its symbols and lines are, and what of them it shares with others. */
static ptm_status note_debug_link(ptm_images *images, ptm_image *image, const ptm_elf *elf)
{
	PTM_TRY(ptm_alternate_note(images, image));
	return ptm_debug_link_read(elf, &image->source, images->strings, &image->debug_link, &image->debug_link_crc);
}

/* Whether files are offered for such an image now. */
static bool is_offered(const ptm_images *images, const ptm_image *image)
{
	switch (images->for_guest) {
	case 0:
		return true;
	case PTM_ANY_GUEST:
		return image->machine != 0;
	case PTM_NO_GUEST:
		return !image->machine;
	default:
		return image->machine == images->for_guest;
	}
}

/* How sure a file is the image's. One by build-id is replaced only where both are said to be of the image's machine: a
 * bundle has of one build at two paths two files, each with what was executed at its own. */
static uint32_t sureness_of(const ptm_images *images, const ptm_image *image, bool by_id, uint32_t parts)
{
	if (!by_id && image->build_id_length)
		return 0;
	uint32_t by_name = by_id && !images->for_guest ? 0 : parts, sureness = (by_id ? BY_BUILD_ID : 0) + by_name;
	return sureness && images->for_guest ? sureness + BY_PLACE : sureness;
}

/* Gives the file to every image it fits. A match may later be replaced by a surer one. */
static ptm_status match(ptm_images *images, const ptm_elf *elf, uint32_t source, uint64_t size, const char *path, uint32_t *served,
			ptm_message *message)
{
	uint32_t best = 0;
	ptm_status status = PTM_NOT_FOUND;
	for (uint32_t i = 1; i < images->images.length; i++) {
		const ptm_image *image = &images->images.at[i];
		uint32_t parts = image->build_id_length || !is_offered(images, image) ? 0 : agreement(images, image, path);
		if (parts > best)
			best = parts;
	}
	for (uint32_t i = 1; i < images->images.length; i++) {
		ptm_image *image = &images->images.at[i];
		if (image->is_kernel || !is_offered(images, image))
			continue;
		uint32_t parts = agreement(images, image, path);
		bool by_id = ptm_same_build(image->build_id, image->build_id_length, elf->build_id, elf->build_id_length);
		uint32_t sureness = sureness_of(images, image, by_id, parts);
		/* Of a file that was cut any whole one is surer: it may be one without code. */
		sureness = 2 * sureness + (sureness && !elf->lost_sections);
		if (sureness && elf->lost_sections && image->status == PTM_IMAGE_LOADED && sureness <= image->match) {
			status = ptm_message_set(message, PTM_TRUNCATED, "%s is cut short: its section headers at byte %llu are not in its %llu bytes. Copy it again.",
				path, (unsigned long long)elf->lost_sections, (unsigned long long)size);
		} else if (sureness && (by_id || parts == best)) {
			if (image->status != PTM_IMAGE_LOADED || sureness > image->match) {
				PTM_TRY(ptm_image_serve(image, elf, source, size, sureness));
				PTM_TRY(note_debug_link(images, image, elf));
			}
			(*served)++;
		} else if (parts && image->build_id_length && image->status != PTM_IMAGE_LOADED) {
			status = ptm_refuse_build(image, path, elf->build_id, elf->build_id_length, message);
			image->status = PTM_IMAGE_MISMATCHED;
			image->message = *message;
		}
	}
	if (*served)
		return PTM_OK;
	if (status == PTM_NOT_FOUND)
		(void)ptm_message_set(message, status, "%s is not needed: nothing that the trace ran has its build-id or its name.", path);
	return status;
}

/* Gives a file that was split from a binary to all images of that build. */
static ptm_status match_debug(ptm_images *images, const ptm_elf *elf, uint32_t source, uint64_t size, const char *path, uint32_t *served,
			      ptm_message *message)
{
	for (uint32_t i = 1; i < images->images.length; i++) {
		ptm_image *image = &images->images.at[i];
		if (!ptm_same_build(image->build_id, image->build_id_length, elf->build_id, elf->build_id_length) &&
		    !ptm_same_build(image->own_build_id, image->own_build_id_length, elf->build_id, elf->build_id_length) &&
		    !(image->debug_link && ptm_debug_link_fits(ptm_strings_get(images->strings, image->debug_link), image->debug_link_crc, source, size, path)))
			continue;
		ptm_symbols_free(image);
		ptm_lines_free(image);
		ptm_function_files_free(image);
		image->debug_source = source;
		image->debug_size = size;
		PTM_TRY(ptm_alternate_note(images, image));
		(*served)++;
	}
	if (*served)
		return PTM_OK;
	return ptm_message_set(message, PTM_NOT_FOUND, "%s holds only debug information, no code, and nothing that the trace ran or that was "
			       "given has its build-id or its checksum: give the binary it was split from.", path);
}

/* Of a file that was not copied to its end nothing is known: what it has looks like the whole. */
static ptm_status check_whole(const ptm_elf *elf, uint64_t size, const char *path, ptm_message *message)
{
	for (uint32_t i = 0; i < elf->loads.length; i++) {
		const ptm_load *load = &elf->loads.at[i];
		if (load->executable && (load->file_offset > size || load->file_size > size - load->file_offset))
			return ptm_message_set(message, PTM_TRUNCATED, "%s is cut short: its code (%llu bytes at byte %llu) is not all in its %llu bytes. Copy it again.",
				path, (unsigned long long)load->file_size, (unsigned long long)load->file_offset, (unsigned long long)size);
	}
	return PTM_OK;
}

static ptm_status offer_elf(ptm_images *images, ptm_elf *elf, ptm_source *reader, const char *path, uint32_t *served, ptm_message *message)
{
	uint32_t source = reader->id;
	uint64_t size = reader->size;
	if (ptm_split_file_is(elf, reader))
		return ptm_split_file_offer(images, reader, path, served, message);
	if (ptm_kernel_module_is(elf, reader))
		return ptm_kernel_module_offer(images, elf, reader, path, served, message);
	if (ptm_kernel_is(elf)) {
		ptm_status status = ptm_kernel_offer(images, elf, source, size, path, message);
		*served = status == PTM_OK;
		return status;
	}
	ptm_status status = ptm_alternate_offer(images, elf, reader, path, served, message);
	if (status != PTM_NOT_FOUND)
		return status;
	if (elf->code_stripped)
		return match_debug(images, elf, source, size, path, served, message);
	if (!elf->loads.length)
		return ptm_message_set(message, PTM_UNSUPPORTED, "%s holds no code that can be loaded (ELF type %u, no PT_LOAD).", path, elf->type);
	PTM_TRY(check_whole(elf, size, path, message));
	return match(images, elf, source, size, path, served, message);
}

ptm_status ptm_images_offer(ptm_images *images, uint32_t source, uint64_t size, const char *path, uint32_t *served, ptm_message *message)
{
	ptm_elf elf = { 0 };
	ptm_source reader;
	bool is_names;
	*served = 0;
	message->text[0] = 0;
	ptm_source_init(&reader, source, size, FRAME_WINDOW);
	ptm_status status = ptm_names_offer(images, &reader, path, &is_names, served, message);
	if (status == PTM_OK && !is_names)
		status = ptm_elf_read(&elf, &reader, path, message);
	if (status == PTM_OK && !is_names)
		status = offer_elf(images, &elf, &reader, path, served, message);
	if (status != PTM_OK && !message->text[0])
		(void)ptm_message_set(message, status, "%s could not be read to its end (%llu bytes).", path, (unsigned long long)size);
	ptm_elf_free(&elf);
	ptm_source_free(&reader);
	return status;
}

ptm_status ptm_images_offer_lines(ptm_images *images, uint32_t source, uint64_t size, const char *path, uint32_t *served, ptm_message *message)
{
	ptm_elf elf = { 0 };
	ptm_source reader;

	*served = 0;
	ptm_source_init(&reader, source, size, FRAME_WINDOW);
	ptm_status status = ptm_elf_read(&elf, &reader, path, message);
	for (uint32_t i = 1; status == PTM_OK && i < images->images.length; i++) {
		ptm_image *image = &images->images.at[i];
		if (image->debug_size || !ptm_same_build(image->own_build_id, image->own_build_id_length, elf.build_id, elf.build_id_length))
			continue;
		ptm_lines_free(image);
		ptm_function_files_free(image);
		image->lines_file = (ptm_given){ source, size };
		status = ptm_alternate_note(images, image);
		(*served)++;
	}
	if (status == PTM_OK && !*served)
		status = ptm_message_set(message, PTM_NOT_FOUND, "%s is not needed: no binary that was given has its build-id, or a file with its lines is there.", path);
	ptm_elf_free(&elf);
	ptm_source_free(&reader);
	return status;
}

ptm_given ptm_image_debug_file(const ptm_image *image)
{
	if (image->debug_size)
		return (ptm_given){ image->debug_source, image->debug_size };
	return image->lines_file.size ? image->lines_file : (ptm_given){ image->source.id, image->source.size };
}
