/** The schema of a qualified name, which is also the name of its module. */
export function moduleOf(qualifiedName: string): string {
  return qualifiedName.split('.')[0] ?? ''
}

/** A qualified name without its schema. */
export function bareName(qualifiedName: string): string {
  return qualifiedName.split('.')[1] ?? ''
}

/** `survey.contact_state` is `contactState`. */
export function toCamel(qualifiedName: string): string {
  return bareName(qualifiedName).replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** `survey.contact_state` is `ContactState`. */
export function toPascal(qualifiedName: string): string {
  const name = toCamel(qualifiedName)
  return name.slice(0, 1).toUpperCase() + name.slice(1)
}

/** A text as a literal in single quotes. */
export function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** A name as the key of an object. */
export function keyOf(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name)
}
