/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the entry (FDE) of an address and its common part (CIE), and running
 * their instructions up to it. */
#include "image/cfi.h"
#include "image/dwarf.h"

#define MOST_ENTRY_BYTES (64u << 10)
#define MOST_INSTRUCTIONS 20000u
#define MOST_REMEMBERED 16
/* Pointer encodings. */
enum { FORM_MASK = 0x0f, RELATIVE_MASK = 0x70, RELATIVE_PC = 0x10, RELATIVE_DATA = 0x30, INDIRECT = 0x80, OMITTED = 0xff,
       TABLE_ENCODING = 0x3b /* relative to the header, signed, 4 bytes */ };

typedef struct section { uint64_t address, offset, size; } section;

typedef struct cfi {
	bool usable;
	section header, frames;
	uint64_t table;          /* offset in the file of the search table */
	uint32_t count;          /* its entries */
	PTM_ARRAY(uint8_t) entry, common; /* FDE and CIE of the last address */
} cfi;

void ptm_cfi_free(ptm_image *image)
{
	cfi *known = image->cfi;
	if (!known)
		return;
	ptm_array_free(&known->entry);
	ptm_array_free(&known->common);
	free(known);
	image->cfi = NULL;
}

/* Copies `length` bytes of the file. */
static ptm_status read_file(ptm_image *image, uint64_t offset, void *into, uint32_t length)
{
	uint32_t done = 0;
	while (done < length) {
		const uint8_t *at;
		uint32_t piece;
		PTM_TRY(ptm_pages_view(&image->code, offset + done, &at, &piece));
		if (piece > length - done)
			piece = length - done;
		memcpy((uint8_t *)into + done, at, piece);
		done += piece;
	}
	return PTM_OK;
}

/* Takes a pointer; `place` is its own address, `data` what it may be relative to. */
static uint64_t take_pointer(ptm_bytes *bytes, uint8_t encoding, uint64_t place, uint64_t data)
{
	uint64_t value;

	switch (encoding & FORM_MASK) {
	case 0x00: case 0x04: case 0x0c: value = ptm_bytes_u64(bytes); break;
	case 0x01: value = ptm_bytes_leb(bytes); break;
	case 0x02: value = ptm_bytes_u16(bytes); break;
	case 0x03: value = ptm_bytes_u32(bytes); break;
	case 0x09: value = (uint64_t)ptm_bytes_signed_leb(bytes); break;
	case 0x0a: value = (uint64_t)(int64_t)(int16_t)ptm_bytes_u16(bytes); break;
	case 0x0b: value = (uint64_t)(int64_t)(int32_t)ptm_bytes_u32(bytes); break;
	default: bytes->failed = true; return 0;
	}
	if ((encoding & RELATIVE_MASK) == RELATIVE_PC)
		value += place;
	else if ((encoding & RELATIVE_MASK) == RELATIVE_DATA)
		value += data;
	else if (encoding & RELATIVE_MASK)
		bytes->failed = true;
	if (encoding & INDIRECT)
		bytes->failed = true;
	return value;
}

/* ------------------------------------------------------------- the index */

static ptm_status find_sections(ptm_image *image, cfi *into)
{
	ptm_elf elf;
	ptm_message message;
	ptm_status status = ptm_elf_read(&elf, &image->source, "", &message);

	if (status == PTM_OK && !elf.is_32bit) {
		const ptm_elf_section *header = ptm_elf_section_named(&elf, &image->source, ".eh_frame_hdr");
		const ptm_elf_section *frames = ptm_elf_section_named(&elf, &image->source, ".eh_frame");
		if (header && frames && header->type != PTM_SECTION_NOBITS && frames->type != PTM_SECTION_NOBITS) {
			into->header = (section){ header->address, header->offset, header->size };
			into->frames = (section){ frames->address, frames->offset, frames->size };
		}
	}
	ptm_elf_free(&elf);
	return status == PTM_NO_MEMORY || status == PTM_READ_FAILED ? status : PTM_OK;
}

static ptm_status open_index(ptm_image *image, cfi *into)
{
	uint8_t start[24];
	uint32_t length = into->header.size < sizeof start ? (uint32_t)into->header.size : sizeof start;

	if (length < 8 || into->header.offset > image->code.size || length > image->code.size - into->header.offset)
		return PTM_OK;
	PTM_TRY(read_file(image, into->header.offset, start, length));
	ptm_bytes bytes = ptm_bytes_of(start, length);
	uint8_t version = ptm_bytes_u8(&bytes), frames = ptm_bytes_u8(&bytes), count = ptm_bytes_u8(&bytes), table = ptm_bytes_u8(&bytes);
	if (version != 1 || table != TABLE_ENCODING || count == OMITTED)
		return PTM_OK;
	(void)take_pointer(&bytes, frames, into->header.address + 4, into->header.address);
	uint64_t entries = take_pointer(&bytes, count & FORM_MASK, 0, 0), used = (uint64_t)(bytes.at - start);
	if (bytes.failed || entries > (into->header.size - used) / 8 || into->header.size > image->code.size - into->header.offset)
		return PTM_OK;
	into->table = into->header.offset + used;
	into->count = (uint32_t)entries;
	into->usable = entries > 0;
	return PTM_OK;
}

static ptm_status open_cfi(ptm_image *image, cfi **made)
{
	*made = image->cfi;
	if (*made)
		return PTM_OK;
	*made = image->cfi = calloc(1, sizeof **made);
	if (!*made)
		return PTM_NO_MEMORY;
	PTM_TRY(find_sections(image, *made));
	return open_index(image, *made);
}

ptm_status ptm_cfi_parts(ptm_image *image, ptm_cfi_part parts[2])
{
	cfi *from;

	parts[0] = (ptm_cfi_part){ .section = ".eh_frame_hdr" };
	parts[1] = (ptm_cfi_part){ .section = ".eh_frame" };
	PTM_TRY(open_cfi(image, &from));
	if (!from->usable || from->frames.offset > image->code.size || from->frames.size > image->code.size - from->frames.offset)
		return PTM_OK;
	const section *own[2] = { &from->header, &from->frames };
	for (uint32_t i = 0; i < 2; i++) {
		parts[i].address = own[i]->address;
		parts[i].offset = own[i]->offset;
		parts[i].size = own[i]->size;
	}
	return PTM_OK;
}

ptm_status ptm_cfi_bytes(ptm_image *image, uint64_t offset, void *into, uint32_t length)
{
	return read_file(image, offset, into, length);
}

/* The last entry of the search table that starts at or before `address`. */
static ptm_status search(ptm_image *image, const cfi *from, uint64_t address, uint64_t *entry)
{
	uint32_t low = 0, high = from->count;
	int32_t pair[2];

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		PTM_TRY(read_file(image, from->table + (uint64_t)middle * 8, pair, 8));
		if (from->header.address + (uint64_t)(int64_t)pair[0] <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return PTM_NOT_FOUND;
	PTM_TRY(read_file(image, from->table + (uint64_t)(low - 1) * 8, pair, 8));
	*entry = from->header.address + (uint64_t)(int64_t)pair[1];
	return PTM_OK;
}

/* ------------------------------------------------------------ the records */

/* Copies the record at `address` (without its length word); stores the address of its first byte behind the length. */
#define READ_RECORD(image, from, address_, into, place) read_record(image, from, address_, &(into)->at, &(into)->length, &(into)->capacity, place)

static ptm_status read_record(ptm_image *image, const cfi *from, uint64_t address, uint8_t **bytes, uint32_t *length, uint32_t *capacity, uint64_t *place)
{
	uint32_t word;
	uint64_t offset = address - from->frames.address;

	if (address < from->frames.address || from->frames.size < 4 || offset > from->frames.size - 4)
		return PTM_BAD_DATA;
	PTM_TRY(read_file(image, from->frames.offset + offset, &word, 4));
	if (word < 4 || word > MOST_ENTRY_BYTES || word > from->frames.size - 4 - offset)
		return PTM_BAD_DATA; /* the end, or of the 64-bit form, which no compiler writes for x86-64 */
	if (word > *capacity) {
		uint8_t *grown = realloc(*bytes, word);
		if (!grown)
			return PTM_NO_MEMORY;
		*bytes = grown;
		*capacity = word;
	}
	*length = word;
	*place = address + 4;
	return read_file(image, from->frames.offset + offset + 4, *bytes, word);
}

typedef struct common {
	uint64_t code_factor;
	int64_t data_factor;
	uint8_t pointer_encoding, return_register;
	bool is_signal_frame, has_augmentation;
	ptm_bytes instructions;
} common;

static void take_augmentation(ptm_bytes *bytes, const char *letters, common *into)
{
	for (; *letters && !bytes->failed; letters++) {
		if (*letters == 'R') {
			into->pointer_encoding = ptm_bytes_u8(bytes);
		} else if (*letters == 'S') {
			into->is_signal_frame = true;
		} else if (*letters == 'P') {
			uint8_t encoding = ptm_bytes_u8(bytes) & FORM_MASK;
			(void)take_pointer(bytes, encoding, 0, 0);
		} else if (*letters == 'L') {
			ptm_bytes_skip(bytes, 1);
		} else {
			return; /* what follows is not known; its length is */
		}
	}
}

static ptm_status take_common(ptm_bytes bytes, common *into)
{
	*into = (common){ .code_factor = 1 };
	uint32_t id = ptm_bytes_u32(&bytes);
	uint8_t version = ptm_bytes_u8(&bytes);
	const uint8_t *end = memchr(bytes.at, 0, ptm_bytes_left(&bytes));
	if (bytes.failed || id || (version != 1 && version != 3) || !end)
		return PTM_BAD_DATA;
	const char *letters = (const char *)bytes.at;
	ptm_bytes_skip(&bytes, (size_t)(end + 1 - bytes.at));
	into->code_factor = ptm_bytes_leb(&bytes);
	into->data_factor = ptm_bytes_signed_leb(&bytes);
	into->return_register = (uint8_t)(version == 1 ? ptm_bytes_u8(&bytes) : ptm_bytes_leb(&bytes));
	into->has_augmentation = *letters == 'z';
	if (into->has_augmentation) {
		uint64_t length = ptm_bytes_leb(&bytes);
		if (length > ptm_bytes_left(&bytes))
			return PTM_BAD_DATA;
		ptm_bytes data = ptm_bytes_of(bytes.at, (size_t)length);
		take_augmentation(&data, letters + 1, into);
		if (data.failed)
			return PTM_BAD_DATA;
		ptm_bytes_skip(&bytes, (size_t)length);
	} else if (*letters) {
		return PTM_BAD_DATA;
	}
	into->instructions = bytes;
	return bytes.failed || into->return_register >= PTM_CFI_REGISTERS ? PTM_BAD_DATA : PTM_OK;
}

/* ------------------------------------------------------ the instructions */

typedef struct machine {
	const common *common;
	ptm_cfi_row row, initial;
	ptm_cfi_row remembered[MOST_REMEMBERED];
	uint32_t depth;
	uint64_t at, wanted;     /* address that the row is for */
	bool failed;
} machine;

static void set(machine *into, uint64_t number, uint8_t kind, int64_t value)
{
	if (number < PTM_CFI_REGISTERS) /* the others (vector registers) are of no use here */
		into->row.rules[number] = (ptm_cfi_rule){ .kind = kind, .value = value };
}

static int64_t scaled(const machine *of, int64_t value)
{
	return (int64_t)((uint64_t)value * (uint64_t)of->common->data_factor);
}

static void set_expression(machine *into, ptm_bytes *bytes, ptm_cfi_rule *rule, uint8_t kind)
{
	uint64_t length = ptm_bytes_leb(bytes);
	if (length > ptm_bytes_left(bytes)) {
		into->failed = true;
		return;
	}
	ptm_cfi_rule made = { .kind = kind, .expression = bytes->at, .expression_length = (uint32_t)length };
	if (rule)
		*rule = made;
	ptm_bytes_skip(bytes, (size_t)length);
}

static void set_cfa(machine *into, uint64_t number, int64_t offset)
{
	into->failed |= number >= PTM_CFI_REGISTERS;
	into->row.cfa_register = (uint8_t)number;
	into->row.cfa = (ptm_cfi_rule){ .kind = PTM_CFI_VALUE, .value = offset };
}

static ptm_cfi_rule *rule_of(machine *into, uint64_t number)
{
	return number < PTM_CFI_REGISTERS ? &into->row.rules[number] : NULL;
}

static void restore(machine *into, uint64_t number)
{
	if (number < PTM_CFI_REGISTERS)
		into->row.rules[number] = into->initial.rules[number];
}

static void remember(machine *into)
{
	if (into->depth == MOST_REMEMBERED)
		into->failed = true;
	else
		into->remembered[into->depth++] = into->row;
}

static void recall(machine *into)
{
	if (!into->depth)
		into->failed = true;
	else
		into->row = into->remembered[--into->depth];
}

/* Runs an instruction without an operand in its own byte. */
static void run_extended(machine *on, uint8_t code, ptm_bytes *bytes)
{
	uint64_t number;

	switch (code) {
	case 0x00: break;                                                            /* nop */
	case 0x02: on->at += ptm_bytes_u8(bytes) * on->common->code_factor; break;   /* advance_loc1 */
	case 0x03: on->at += ptm_bytes_u16(bytes) * on->common->code_factor; break;
	case 0x04: on->at += ptm_bytes_u32(bytes) * on->common->code_factor; break;
	case 0x05: number = ptm_bytes_leb(bytes); set(on, number, PTM_CFI_SAVED, scaled(on, (int64_t)ptm_bytes_leb(bytes))); break;
	case 0x06: restore(on, ptm_bytes_leb(bytes)); break;
	case 0x07: set(on, ptm_bytes_leb(bytes), PTM_CFI_UNDEFINED, 0); break;
	case 0x08: set(on, ptm_bytes_leb(bytes), PTM_CFI_SAME, 0); break;
	case 0x09: number = ptm_bytes_leb(bytes); set(on, number, PTM_CFI_REGISTER, (int64_t)ptm_bytes_leb(bytes)); break;
	case 0x0a: remember(on); break;
	case 0x0b: recall(on); break;
	case 0x0c: number = ptm_bytes_leb(bytes); set_cfa(on, number, (int64_t)ptm_bytes_leb(bytes)); break;
	case 0x0d: set_cfa(on, ptm_bytes_leb(bytes), on->row.cfa.value); break;
	case 0x0e: set_cfa(on, on->row.cfa_register, (int64_t)ptm_bytes_leb(bytes)); break;
	case 0x0f: set_expression(on, bytes, &on->row.cfa, PTM_CFI_COMPUTED); break;
	case 0x10: set_expression(on, bytes, rule_of(on, ptm_bytes_leb(bytes)), PTM_CFI_SAVED_AT); break;
	case 0x11: number = ptm_bytes_leb(bytes); set(on, number, PTM_CFI_SAVED, scaled(on, ptm_bytes_signed_leb(bytes))); break;
	case 0x12: number = ptm_bytes_leb(bytes); set_cfa(on, number, scaled(on, ptm_bytes_signed_leb(bytes))); break;
	case 0x13: set_cfa(on, on->row.cfa_register, scaled(on, ptm_bytes_signed_leb(bytes))); break;
	case 0x14: number = ptm_bytes_leb(bytes); set(on, number, PTM_CFI_VALUE, scaled(on, (int64_t)ptm_bytes_leb(bytes))); break;
	case 0x15: number = ptm_bytes_leb(bytes); set(on, number, PTM_CFI_VALUE, scaled(on, ptm_bytes_signed_leb(bytes))); break;
	case 0x16: set_expression(on, bytes, rule_of(on, ptm_bytes_leb(bytes)), PTM_CFI_COMPUTED); break;
	case 0x2e: (void)ptm_bytes_leb(bytes); break;                                /* GNU_args_size */
	case 0x2f: number = ptm_bytes_leb(bytes); set(on, number, PTM_CFI_SAVED, scaled(on, (int64_t)(0 - ptm_bytes_leb(bytes)))); break;
	default: on->failed = true; break;
	}
}

/* Runs the instructions until one moves past the wanted address: its row is made. */
static ptm_status run(machine *on, ptm_bytes bytes)
{
	enum { ADVANCE = 1, OFFSET, RESTORE };

	for (uint32_t steps = 0; ptm_bytes_left(&bytes) && on->at <= on->wanted; steps++) {
		uint8_t code = ptm_bytes_u8(&bytes), low = code & 0x3f;
		if (code >> 6 == ADVANCE)
			on->at += low * on->common->code_factor;
		else if (code >> 6 == OFFSET)
			set(on, low, PTM_CFI_SAVED, scaled(on, (int64_t)ptm_bytes_leb(&bytes)));
		else if (code >> 6 == RESTORE)
			restore(on, low);
		else
			run_extended(on, low, &bytes);
		if (on->failed || bytes.failed || steps > MOST_INSTRUCTIONS)
			return PTM_BAD_DATA;
	}
	return PTM_OK;
}

ptm_status ptm_cfi_find(ptm_image *image, uint64_t address, ptm_cfi_row *row)
{
	cfi *from;
	uint64_t entry, place, other;
	common shared;

	if (image->status != PTM_IMAGE_LOADED || image->is_32bit)
		return PTM_UNSUPPORTED;
	PTM_TRY(open_cfi(image, &from));
	if (!from->usable)
		return PTM_UNSUPPORTED;
	PTM_TRY(search(image, from, address, &entry));
	PTM_TRY(READ_RECORD(image, from, entry, &from->entry, &place));
	ptm_bytes bytes = ptm_bytes_of(from->entry.at, from->entry.length);
	uint64_t back = ptm_bytes_u32(&bytes);
	PTM_TRY(READ_RECORD(image, from, place - back, &from->common, &other));
	PTM_TRY(take_common(ptm_bytes_of(from->common.at, from->common.length), &shared));
	uint64_t start = take_pointer(&bytes, shared.pointer_encoding, place + 4, from->header.address);
	uint64_t size = take_pointer(&bytes, shared.pointer_encoding & FORM_MASK, 0, 0);
	if (shared.has_augmentation) {
		uint64_t length = ptm_bytes_leb(&bytes);
		if (length > ptm_bytes_left(&bytes))
			return PTM_BAD_DATA;
		ptm_bytes_skip(&bytes, (size_t)length);
	}
	if (bytes.failed)
		return PTM_BAD_DATA;
	if (address < start || address - start >= size)
		return PTM_NOT_FOUND;
	machine on = { .common = &shared, .at = start, .wanted = address };
	PTM_TRY(run(&on, shared.instructions));
	on.initial = on.row;
	on.at = start;
	PTM_TRY(run(&on, bytes));
	*row = on.row;
	row->return_register = shared.return_register;
	row->is_signal_frame = shared.is_signal_frame;
	return PTM_OK;
}
